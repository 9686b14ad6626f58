/// What a client may send, checked from the outside; every line names its case when it fails.
enum APIPrograms {
  /// Arguments: port, file of the authority.
  static let prelude = """
    import base64, hashlib, http.client, json, os, random, socket, ssl, struct, sys, time
    port, authority = int(sys.argv[1]), sys.argv[2]
    tls = ssl.create_default_context(cafile=authority)

    def call(method, path, body=None, token=None, headers={}, raw=False):
      connection = http.client.HTTPSConnection('127.0.0.1', port, context=tls, timeout=60)
      headers = dict(headers)
      if token: headers['Authorization'] = 'Bearer ' + token
      if body is not None and not isinstance(body, (bytes, str)):
        body = json.dumps(body)
        headers.setdefault('Content-Type', 'application/json')
      connection.request(method, path, body=body.encode() if isinstance(body, str) else body, headers=headers)
      response = connection.getresponse()
      content = response.read()
      connection.close()
      return response, content

    def token_of(user):
      response, content = call('POST', '/v1/dev/token', {'user': user})
      assert response.status == 200, (response.status, content)
      return json.loads(content)['token']

    def refused(what, status, code, method, path, body=None, token=None, headers={}, field=None, says=None):
      response, content = call(method, path, body, token, headers)
      assert response.status == status, (what, response.status, content[:500])
      assert response.headers['content-type'] == 'application/json', (what, response.headers.items())
      error = json.loads(content)['error']
      assert error['code'] == code, (what, error)
      assert error['message'] and error['requestId'] == response.headers['x-request-id'], (what, error)
      if field is not None: assert error.get('field') == field, (what, error)
      if says is not None: assert says in error['message'], (what, error)
      return response

    """

  static let badInput =
    prelude + """
      ada, eve = token_of('ada'), token_of('eve')
      yaml = {'Content-Type': 'application/yaml'}
      as_json = {'Content-Type': 'application/json'}
      cell = lambda name, **spec: {'apiVersion': 'aether/v1', 'kind': 'Cell', 'metadata': {'name': name}, 'spec': spec}

      # Who are you?
      refused('no token', 401, 'UNAUTHENTICATED', 'GET', '/v1/cells')
      for bad in ['x', 'a.b.c', 'é', ' ', ada + 'x', ada[:-4] + 'AAAA', ada.rsplit('.', 1)[0] + '.', '..', 'x' * 9000]:
        try: bad.encode('latin-1')
        except UnicodeEncodeError: continue
        refused('token ' + bad[:20], 401, 'UNAUTHENTICATED', 'GET', '/v1/cells', token=bad)
      def part(value): return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b'=').decode()
      head, claims, signature = ada.split('.')
      known = json.loads(base64.urlsafe_b64decode(claims + '=='))
      for what, forged in {
        'alg none': part({'alg': 'none'}) + '.' + claims + '.',
        'alg none with signature': part({'alg': 'none'}) + '.' + claims + '.' + signature,
        'other user': head + '.' + part(known | {'sub': 'root'}) + '.' + signature,
        'HS256 with the public key': part({'alg': 'HS256'}) + '.' + claims + '.' + signature,
        'later expiry': head + '.' + part(known | {'exp': 1 << 40}) + '.' + signature,
      }.items():
        refused(what, 401, 'UNAUTHENTICATED', 'GET', '/v1/cells', token=forged)
      refused('not Bearer', 401, 'UNAUTHENTICATED', 'GET', '/v1/cells', headers={'Authorization': 'Basic YTpi'})

      # Where is that?
      for path in ['/', '/v1', '/v1/', '/v2/cells', '/v1/nothing', '/v1/cells/a/b/c', '/etc/passwd', '/v1/../etc/passwd']:
        refused(path, 404, 'NOT_FOUND', 'GET', path, token=ada)
      for method in ['DELETE', 'PATCH', 'PUT']:
        response = refused(method, 405, 'METHOD_NOT_ALLOWED', method, '/v1/apply', token=ada)
        assert response.headers['allow'] == 'POST', response.headers.items()
      for name in ['..%2f..%2fetc', '%2e%2e', 'a%00b', '%ff%fe', 'UPPER', 'a b', '-a', 'a-', 'x' * 300, 'a%2f', '%2fa']:
        response, content = call('GET', '/v1/cells/' + name.replace(' ', '%20'), token=ada)
        assert response.status in (400, 404), (name, response.status, content)
        response, content = call('PUT', '/v1/cells/' + name.replace(' ', '%20'), cell('a'), ada)
        assert response.status == 400, (name, response.status, content)

      # What is that?
      refused('no content type', 415, 'UNSUPPORTED_MEDIA_TYPE', 'POST', '/v1/apply', 'kind: Cell', ada)
      refused('text', 415, 'UNSUPPORTED_MEDIA_TYPE', 'POST', '/v1/apply', 'kind: Cell', ada, {'Content-Type': 'text/plain'})
      for what, body in {'empty': '', 'cut': '[{', 'not JSON': 'hello', 'two values': '[][]', 'trailing comma': '[1,]',
                         'a number': '7', 'NaN': '[NaN]', 'lone surrogate': '["\\\\ud800"]', 'control': '["\\x01"]'}.items():
        refused('JSON ' + what, 400, 'INVALID', 'POST', '/v1/apply', body, ada, as_json)
      refused('JSON not UTF-8', 400, 'INVALID', 'POST', '/v1/apply', b'[{"kind": "\\xff\\xfe"}]', ada, as_json)
      refused('YAML not UTF-8', 400, 'INVALID', 'POST', '/v1/apply', b'kind: "\\xff\\xfe"', ada, yaml)
      refused('deep JSON', 400, 'INVALID', 'POST', '/v1/apply', '[' * 10000 + ']' * 10000, ada, as_json)
      refused('deep object', 400, 'INVALID', 'POST', '/v1/apply', '{"a":' * 10000 + '1' + '}' * 10000, ada, as_json)
      refused('deep YAML', 400, 'INVALID', 'POST', '/v1/apply', '[' * 10000 + ']' * 10000, ada, yaml)
      bomb = 'a: &a [x, x, x, x, x, x, x, x, x]\\n' + ''.join(
        f'{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}, *{chr(97 + n)}, *{chr(97 + n)}, *{chr(97 + n)}]\\n'
        for n in range(20))
      refused('YAML aliases without end', 400, 'INVALID', 'POST', '/v1/apply', bomb, ada, yaml)
      refused('YAML syntax', 400, 'INVALID', 'POST', '/v1/apply', 'kind: [', ada, yaml)
      refused('same key twice', 400, 'INVALID', 'POST', '/v1/apply', '[{"kind": "Cell", "kind": "Cell"}]', ada, as_json)
      refused('5 MiB', 413, 'TOO_LARGE', 'POST', '/v1/apply', '[' + ' ' * (5 << 20) + ']', ada, as_json)
      refused('257 resources', 400, 'INVALID', 'POST', '/v1/apply', [cell(f'n{n}') for n in range(257)], ada)

      # Fields, each named.
      def field(what, path, body, code='INVALID', status=400):
        refused(what, status, code, 'POST', '/v1/apply', [body], ada, field=path)
      field('kind', 'kind', cell('a') | {'kind': 'Nothing'})
      field('kind is a number', 'kind', cell('a') | {'kind': 7})
      field('version', 'apiVersion', cell('a') | {'apiVersion': 'aether/v9'})
      field('unknown top field', 'colour', cell('a') | {'colour': 1})
      field('unknown spec field', 'spec.colour', cell('a', colour=1))
      field('unknown inner field', 'spec.limits.colour', cell('a', limits={'colour': 1}))
      field('unknown metadata field', 'metadata.colour', cell('a') | {'metadata': {'name': 'a', 'colour': 1}})
      field('memory', 'spec.limits.memory', cell('a', limits={'memory': '1Q'}))
      field('negative memory', 'spec.limits.memory', cell('a', limits={'memory': -1}))
      field('huge memory', 'spec.limits.memory', cell('a', limits={'memory': '99999999999999999999Gi'}))
      field('cpu', 'spec.limits.cpu', cell('a', limits={'cpu': 'fast'}))
      field('limits is a list', 'spec.limits', cell('a', limits=[]))
      field('spec is text', 'spec', cell('a') | {'spec': 'x'})
      field('port', 'spec.ports[0].port', cell('a', ports=[{'port': 70000}]))
      field('second port', 'spec.ports[1].port', cell('a', ports=[{'port': 80, 'hostPort': 80}, {'port': 0, 'hostPort': 1}]))
      for name in ['', '..', '../../etc/passwd', 'a\\x00b', 'a' * 254, 'a//b', '/a', 'a/', 'é', 'a b', '.', 'a/../b']:
        field('name ' + repr(name), 'metadata.name', cell(name))
      field('name is a number', 'metadata.name', cell(7))
      field('label', 'metadata.labels', {'kind': 'Cell', 'metadata': {'name': 'a', 'labels': 7}})
      process = lambda **spec: {'kind': 'Process', 'metadata': {'name': 'a/p'}, 'spec': spec}
      field('no command', 'spec.command', process())
      field('empty command', 'spec.command', process(command=[]))
      field('command with a number', 'spec.command[1]', process(command=['/bin/true', 7]))
      field('restart policy', 'spec.restart.policy', process(command=['/bin/true'], restart={'policy': 'sometimes'}))
      refused('process without its cell', 422, 'FAILED_PRECONDITION', 'POST', '/v1/apply',
        [process(command=['/bin/true'])], ada)

      # All or nothing.
      response, content = call('POST', '/v1/apply', [cell('whole'), cell('part', colour=1)], ada)
      assert response.status == 400 and '[1]' in json.loads(content)['error']['message'], content
      assert json.loads(content)['error']['field'].endswith('spec.colour'), content
      refused('nothing was applied', 404, 'NOT_FOUND', 'GET', '/v1/cells/whole', token=ada)
      response, content = call('POST', '/v1/apply?dryRun=true', [cell('dry')], ada)
      assert response.status == 200, content
      refused('dry run wrote nothing', 404, 'NOT_FOUND', 'GET', '/v1/cells/dry', token=ada)
      refused('unknown parameter', 400, 'INVALID', 'GET', '/v1/cells?colour=red', token=ada)
      refused('limit', 400, 'INVALID', 'GET', '/v1/cells?limit=0', token=ada)
      refused('limit', 400, 'INVALID', 'GET', '/v1/cells?limit=-5', token=ada)
      refused('selector', 400, 'INVALID', 'GET', '/v1/cells?selector===', token=ada)
      refused('continue', 400, 'INVALID', 'GET', '/v1/cells?continue=zzz', token=ada)

      # Owners do not see each other; revisions are compared.
      response, content = call('PUT', '/v1/cells/mine', cell('mine'), ada)
      assert response.status in (200, 201), content
      etag = response.headers['etag']
      for method, body in [('GET', None), ('DELETE', None)]:
        refused('of another owner', 404, 'NOT_FOUND', method, '/v1/cells/mine', body, eve)
      response, content = call('GET', '/v1/cells', token=eve)
      assert json.loads(content)['items'] == [], content
      response, content = call('PUT', '/v1/cells/mine', cell('mine', limits={'processes': 7}), eve)
      assert response.status in (200, 201), content
      response, content = call('GET', '/v1/cells/mine', token=ada)
      assert json.loads(content)['metadata']['owner'] == 'ada', content
      assert 'processes' not in json.dumps(json.loads(content)['spec'].get('limits', {})), content
      refused('exists', 409, 'ALREADY_EXISTS', 'POST', '/v1/cells', cell('mine'), ada)
      refused('old revision', 409, 'CONFLICT', 'PUT', '/v1/cells/mine', cell('mine', limits={'processes': 9}), ada,
        {'If-Match': '"1"'})
      refused('revision', 400, 'INVALID', 'PUT', '/v1/cells/mine', cell('mine'), ada, {'If-Match': 'yesterday'})
      refused('name of the body', 400, 'INVALID', 'PUT', '/v1/cells/mine', cell('other'), ada)
      for user, token in [('ada', ada), ('eve', eve)]: call('DELETE', '/v1/cells/mine', token=token)

      # Half a request, and none at all.
      def send(data, wait=60):
        with socket.create_connection(('127.0.0.1', port), timeout=wait) as plain:
          with tls.wrap_socket(plain, server_hostname='127.0.0.1') as s:
            s.sendall(data)
            answer = b''
            while True:
              try: more = s.recv(65536)
              except (ssl.SSLError, OSError): return answer
              if not more: return answer
              answer += more
      for what, status, data in [
        ('not HTTP', b'400', b'\\x16\\x03hello\\r\\n\\r\\n'), ('version', b'400', b'GET / HTTP/3.7\\r\\n\\r\\n'),
        ('no host', b'400', b'GET /healthz HTTP/1.1\\r\\n\\r\\n'),
        ('two lengths', b'400', b'POST /v1/apply HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 3\\r\\nContent-Length: 4\\r\\n\\r\\nabcd'),
        ('length and chunks', b'400',
          b'POST /v1/apply HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 3\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n0\\r\\n\\r\\n'),
        ('long line', b'414', b'GET /' + b'a' * 100000 + b' HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n'),
        ('long header', b'431', b'GET /healthz HTTP/1.1\\r\\nHost: a\\r\\nX: ' + b'a' * 200000 + b'\\r\\n\\r\\n'),
      ]:
        answer = send(data)
        assert answer.startswith(b'HTTP/1.1 ' + status), (what, answer[:300])
        assert b'"requestId"' in answer, (what, answer[:600])
      # The service still works.
      response, content = call('GET', '/healthz')
      assert response.status == 200
      print('ok')
      """

  /// Random changes to good requests and tokens: never a server error. Third argument: seed; fourth: rounds.
  static let fuzz =
    prelude + """
      random.seed(int(sys.argv[3]))
      ada = token_of('ada')
      good = json.dumps([{'apiVersion': 'aether/v1', 'kind': 'Cell', 'metadata': {'name': 'fuzz', 'labels': {'a': 'b'}},
        'spec': {'limits': {'cpu': '500m', 'memory': '128Mi'}, 'ports': [{'port': 80, 'hostPort': 81}]}}]).encode()
      def change(data):
        data = bytearray(data)
        for _ in range(random.randint(1, 4)):
          place = random.randrange(len(data) + 1)
          kind = random.randrange(4)
          if kind == 0: data[place:place] = random.randbytes(random.randint(1, 4))
          elif kind == 1: del data[place:place + random.randint(1, 9)]
          elif kind == 2: data[place:place] = random.choice([b'{', b']', b'"', b'\\\\u', b'1e999', b'null', b'-', b'\\xff'])
          else: data[place:place + 1] = bytes([random.randrange(256)])
        return bytes(data)
      connection = http.client.HTTPSConnection('127.0.0.1', port, context=tls, timeout=60)
      statuses = {}
      for n in range(int(sys.argv[4])):
        token = ada
        if n % 4 == 0:
          token = change(ada.encode()).decode('latin-1')
          token = ''.join(c for c in token if c.isprintable() and ord(c) < 256)
        kind = random.choice(['application/json', 'application/yaml'])
        connection.request('POST', '/v1/apply?dryRun=true', body=change(good),
          headers={'Authorization': 'Bearer ' + token, 'Content-Type': kind})
        response = connection.getresponse()
        content = response.read()
        statuses[response.status] = statuses.get(response.status, 0) + 1
        assert response.status < 500, (n, response.status, content)
        if response.status != 200: assert json.loads(content)['error']['code'], content
        if response.will_close: connection.close()
      print(sorted(statuses.items()))
      print('ok')
      """

  /// More requests than the rate allows, and a body that never comes.
  static let patience =
    prelude + """
      ada, eve = token_of('ada'), token_of('eve')
      connection = http.client.HTTPSConnection('127.0.0.1', port, context=tls, timeout=60)
      seen = set()
      for _ in range(100):
        connection.request('GET', '/v1/kinds', headers={'Authorization': 'Bearer ' + ada})
        response = connection.getresponse()
        content = response.read()
        seen.add(response.status)
        if response.status == 429:
          assert int(response.headers['retry-after']) >= 1, response.headers.items()
          assert json.loads(content)['error']['code'] == 'RATE_LIMITED', content
      assert seen == {200, 429}, seen
      # Another user is not held up.
      assert call('GET', '/v1/kinds', token=eve)[0].status == 200
      print('ok')
      """
}
