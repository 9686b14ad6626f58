import Foundation

/// The Python halves of the interop tests.
enum PythonPrograms {
  /// Compiles the schema; defines `pb`, `rpc` and what both sides need. Arguments: folder of the tests, target, folder of
  /// certificates (empty: none), what to do.
  static let prelude = """
    import grpc, importlib, os, sys, tempfile, threading, time
    from grpc_tools import protoc
    here, target, certificates, task = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4]
    with tempfile.TemporaryDirectory() as out:
      assert protoc.main(['', '-I' + here, '--python_out=' + out, '--grpc_python_out=' + out,
        'schemas/interop.proto']) == 0
      sys.path.insert(0, out)
      pb = importlib.import_module('schemas.interop_pb2')
      rpc = importlib.import_module('schemas.interop_pb2_grpc')
    sizes = [('grpc.max_receive_message_length', 8 << 20), ('grpc.max_send_message_length', 8 << 20)]

    def read(name):
      with open(name, 'rb') as f: return f.read()

    def channel(identity='client', folder=None, options=[]):
      if not certificates: return grpc.insecure_channel(target, options=sizes + options)
      folder = folder or certificates
      key = read(f'{folder}/{identity}.key') if identity else None
      chain = read(f'{folder}/{identity}.pem') if identity else None
      credentials = grpc.ssl_channel_credentials(read(certificates + '/ca.pem'), key, chain)
      options = options + [('grpc.ssl_target_name_override', 'localhost')]
      return grpc.secure_channel(target, credentials, options=sizes + options)

    def failure(call):
      try: call()
      except grpc.RpcError as e: return e
      raise Exception('the call succeeded')

    """

  static let client =
    prelude + """
      from grpc_health.v1 import health_pb2, health_pb2_grpc
      from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
      from google.protobuf import descriptor_pool
      from grpc_status import rpc_status

      with channel() as ch:
        stub = rpc.InteropStub(ch)
        grpc.channel_ready_future(ch).result(timeout=60)
        if task == 'all':
          # Every kind of call.
          assert stub.Echo(pb.Text(text='hi')).text == 'hi'
          assert stub.Echo(pb.Text()) == pb.Text()
          assert [c.count for c in stub.Numbers(pb.Count(count=1000))] == list(range(1, 1001))
          assert stub.Total(pb.Text(body=b'x' * n) for n in range(500)).count == sum(range(500))
          assert stub.Total(iter([])).count == 0
          sent = [pb.Text(text=str(n), body=b'y' * n) for n in range(300)]
          assert list(stub.Chat(iter(sent))) == sent
          # 4 MB, both ways.
          big = pb.Text(body=os.urandom((4 << 20) - 1000))
          assert stub.Echo(big) == big
          assert list(stub.Chat(iter([big, big]))) == [big, big]
          e = failure(lambda: stub.Echo(pb.Text(body=bytes((4 << 20) + 1))))
          assert e.code() == grpc.StatusCode.RESOURCE_EXHAUSTED, e
          # Status, details, metadata.
          e = failure(lambda: stub.Echo(pb.Text(text='fail')))
          assert e.code() == grpc.StatusCode.FAILED_PRECONDITION and e.details() == 'Grüße, 100 %\\n', e
          status = rpc_status.from_call(e)
          detail = pb.Text()
          assert status.code == 9 and status.details[0].Unpack(detail) and detail.text == 'detail'
          assert ('x-why', 'because') in e.trailing_metadata()
          e = failure(lambda: stub.Echo(pb.Text(text='crash')))
          assert e.code() == grpc.StatusCode.UNKNOWN and 'Unexpected' not in e.details(), e
          e = failure(lambda: list(stub.Chat(iter([pb.Text(text='a'), pb.Text(text='fail')]))))
          assert e.code() == grpc.StatusCode.OUT_OF_RANGE, e
          reply, call = stub.Echo.with_call(pb.Text(text='metadata'),
            metadata=[('x-text', 'some text'), ('x-bytes-bin', bytes(range(256)))])
          assert ('x-initial', 'some text') in call.initial_metadata()
          assert ('x-trailing-bin', bytes(reversed(range(256)))) in call.trailing_metadata()
          # Unknown names.
          e = failure(lambda: ch.unary_unary('/aether.interop.Interop/Nothing')(b''))
          assert e.code() == grpc.StatusCode.UNIMPLEMENTED and 'Nothing' in e.details(), e
          e = failure(lambda: ch.unary_unary('/nobody.Service/Method')(b''))
          assert e.code() == grpc.StatusCode.UNIMPLEMENTED, e
          # What is not a message.
          e = failure(lambda: ch.unary_unary('/aether.interop.Interop/Echo')(b'\\xff\\xff'))
          assert e.code() == grpc.StatusCode.INTERNAL, e
          # Compression that the server does not know.
          e = failure(lambda: stub.Echo(pb.Text(text='z' * 1000), compression=grpc.Compression.Gzip))
          assert e.code() == grpc.StatusCode.UNIMPLEMENTED, e
          # Deadline and cancel.
          assert stub.Echo(pb.Text(text='time')).text == 'none'
          assert stub.Echo(pb.Text(text='time'), timeout=60).text == 'some'
          e = failure(lambda: stub.Echo(pb.Text(text='wait'), timeout=0.3))
          assert e.code() == grpc.StatusCode.DEADLINE_EXCEEDED, e
          future = stub.Echo.future(pb.Text(text='wait'))
          time.sleep(0.3)
          future.cancel()
          stream = stub.Numbers(pb.Count(count=1 << 40))
          for _ in range(1000): next(stream)
          stream.cancel()
          # Many at once.
          futures = [stub.Echo.future(pb.Text(text=str(n))) for n in range(1000)]
          assert [f.result().text for f in futures] == [str(n) for n in range(1000)]
        elif task == 'streams':
          # 1000 streams open at the same time.
          open_ = threading.Event()
          def requests(n):
            yield pb.Text(text=str(n))
            open_.wait(60)
            yield pb.Text(text='last')
          calls = [stub.Chat(requests(n)) for n in range(1000)]
          assert [next(c).text for c in calls] == [str(n) for n in range(1000)]
          open_.set()
          for c in calls: assert [m.text for m in c] == ['last']
        elif task == 'health':
          health = health_pb2_grpc.HealthStub(ch)
          Request = health_pb2.HealthCheckRequest
          assert health.Check(Request()).status == 1
          e = failure(lambda: health.Check(Request(service='nobody')))
          assert e.code() == grpc.StatusCode.NOT_FOUND, e
          watch = health.Watch(Request(service='aether.interop.Interop'))
          print(next(watch).status, flush=True)
          print(next(watch).status, flush=True)
          print(next(watch).status, flush=True)
          e = failure(lambda: next(watch))
          print(e.code().name, flush=True)
          assert health.Check(Request()).status == 2
        elif task == 'reflection':
          database = ProtoReflectionDescriptorDatabase(ch)
          assert 'aether.interop.Interop' in database.get_services(), database.get_services()
          pool = descriptor_pool.DescriptorPool(database)
          service = pool.FindServiceByName('aether.interop.Interop')
          assert [m.name for m in service.methods] == ['Echo', 'Numbers', 'Total', 'Chat']
          assert pool.FindMessageTypeByName('aether.interop.Text').fields_by_name['body'].number == 2
          assert pool.FindMessageTypeByName('grpc.health.v1.HealthCheckResponse')
          from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
          for version in ['v1alpha', 'v1']:
            info = ch.stream_stream(f'/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo',
              request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
              response_deserializer=reflection_pb2.ServerReflectionResponse.FromString)
            answers = list(info(iter([
              reflection_pb2.ServerReflectionRequest(file_containing_symbol='nobody.Nothing'),
              reflection_pb2.ServerReflectionRequest(list_services='')])))
            assert answers[0].error_response.error_code == 5
            assert len(answers[1].list_services_response.service) == 4
        elif task == 'who':
          print(stub.Echo(pb.Text(text='who')).text)
        elif task == 'keepalive':
          # A call that is quiet for longer than a ping may take.
          options = [('grpc.keepalive_time_ms', 300), ('grpc.keepalive_timeout_ms', 3000),
            ('grpc.http2.max_pings_without_data', 0)]
          with channel(options=options) as quiet:
            go = threading.Event()
            def requests():
              yield pb.Text(text='a')
              go.wait(60)
              yield pb.Text(text='b')
            chat = rpc.InteropStub(quiet).Chat(requests())
            assert next(chat).text == 'a'
            time.sleep(5)
            go.set()
            assert [m.text for m in chat] == ['b']
        elif task == 'drain':
          call = stub.Echo.future(pb.Text(text='hold'))
          print('started', flush=True)
          while True:
            try: stub.Echo(pb.Text(text='new'), timeout=60)
            except grpc.RpcError as e:
              assert e.code() == grpc.StatusCode.UNAVAILABLE, e
              break
            time.sleep(0.02)
          print('refused', flush=True)
          assert call.result(timeout=60).text == 'hold'
          print('done', flush=True)
      print('ok')
      """

  /// Tries to get in with what must not get in. Arguments as in the prelude; the task is the foreign folder.
  static let refused =
    prelude + """
      for identity, folder in [(None, None), ('expired', None), ('client', task)]:
        with channel(identity, folder) as ch:
          e = failure(lambda: rpc.InteropStub(ch).Echo(pb.Text(text='x'), timeout=30))
          assert e.code() == grpc.StatusCode.UNAVAILABLE, (identity, e)
      print('ok')
      """

  /// A server; prints its port, and stops when its input ends.
  static let server =
    prelude + """
      from concurrent import futures
      from google.rpc import status_pb2
      from google.protobuf import any_pb2
      from grpc_status import rpc_status

      class Interop(rpc.InteropServicer):
        def Echo(self, request, context):
          if request.text == 'fail':
            detail = any_pb2.Any()
            detail.Pack(pb.Text(text='detail'))
            context.abort_with_status(rpc_status.to_status(
              status_pb2.Status(code=9, message='Grüße, 100 %\\n', details=[detail])))
          if request.text == 'crash': raise Exception('unexpected')
          if request.text == 'wait':
            done = threading.Event()
            context.add_callback(done.set)
            done.wait(60)
          if request.text == 'time': return pb.Text(text='some' if (context.time_remaining() or 1e9) < 1e6 else 'none')
          if request.text == 'metadata':
            given = dict(context.invocation_metadata())
            context.send_initial_metadata([('x-initial', given['x-text'])])
            context.set_trailing_metadata([('x-trailing-bin', bytes(reversed(given['x-bytes-bin'])))])
          return request
        def Numbers(self, request, context):
          for n in range(request.count): yield pb.Count(count=n + 1)
        def Total(self, requests, context): return pb.Count(count=sum(len(r.body) for r in requests))
        def Chat(self, requests, context):
          for r in requests:
            if r.text == 'fail': context.abort(grpc.StatusCode.OUT_OF_RANGE, 'enough')
            yield r

      # A thread per call: each of the 1000 streams holds one.
      server = grpc.server(futures.ThreadPoolExecutor(max_workers=1100), options=sizes)
      rpc.add_InteropServicer_to_server(Interop(), server)
      if certificates:
        credentials = grpc.ssl_server_credentials(
          [(read(certificates + '/server.key'), read(certificates + '/server.pem'))], read(certificates + '/ca.pem'), True)
        port = server.add_secure_port(target, credentials)
      else:
        port = server.add_insecure_port(target)
      server.start()
      print(port, flush=True)
      for line in sys.stdin:
        if line.strip() == 'drain':
          done = server.stop(60)
          print('draining', flush=True)
          done.wait()
          print('drained', flush=True)
      server.stop(0)
      """

  /// The folder that `schemas` lies in.
  static var folder: String { URL(fileURLWithPath: #filePath).deletingLastPathComponent().path }
}
