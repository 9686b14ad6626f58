import AppFormat

extension NativeTable {
  /// Cryptography, update of the host, inference.
  static var services: [NativeFunction] {
    let crypto = Row(family: .crypto, capabilities: [.crypto])
    let update = Row(family: .update, capabilities: [.otaTrigger])
    let ai = Row(family: .ai, capabilities: [.aiInfer], support: .notBuilt)
    return [
      crypto(
        "crypto_sha256", "data[] digest[32]=", lengths: ["data": .message(0...65536)],
        "At most 65,536 bytes, as everywhere here; more: −EMSGSIZE."),
      crypto(
        "crypto_hmac_sha256", "key[] data[] digest[32]=",
        lengths: ["key": .valid(1...64), "data": .message(0...65536)], "A key of 1 to 64 bytes."),
      crypto(
        "crypto_aes256_encrypt", "key[32] iv[16] data[] out[~]=", lengths: ["data": .message(0...65536)],
        "CBC without padding; whole blocks of 16 bytes."),
      crypto(
        "crypto_aes256_decrypt", "key[32] iv[16] data[] out[~]=", lengths: ["data": .message(0...65536)],
        "CBC without padding; whole blocks of 16 bytes."),
      crypto(
        "crypto_aes256_ctr", "key[32] counter[16] data[] out[~]=", lengths: ["data": .valid(1...65536)],
        "Any length; the counter block stays as it is."),
      crypto("crypto_random", "into[]=", lengths: ["into": .valid(0...65536)], "Random bytes."),
      crypto("crypto_ed25519_keygen", "seed[32]= public[32]=", "A new key."),
      crypto(
        "crypto_ed25519_sign", "seed[32] message[] signature[64]=", lengths: ["message": .valid(0...65536)], "Signs."),
      crypto("crypto_p256_keygen", "private[32]= public[65]=", "A new key."),
      crypto(
        "crypto_p256_sign", "private[32] message[] signature[64]=", lengths: ["message": .valid(0...65536)],
        "Signs SHA-256 of the message: r and s."),

      update("ota_check", "url$", "1 when the host could be updated from there (https only), else 0."),
      update("ota_fetch_and_apply", "url$", "Fetches, checks and stages an update."),
      update(
        "ota_get_state", "", "0 idle, 1 in progress, 2 receiving, 3 validating, 4 installing, 5 complete, 6 error."),
      update("ota_confirm", "", "Keeps what runs now."),
      update("ota_rollback", "", "Goes back to what ran before."),

      ai("aiinfer_load", "model[]", "Loads a model; gives 0 to 3."),
      ai("aiinfer_run", "model input[] output[]=", "Runs it."),
      ai("aiinfer_unload", "model", "Gives it back."),
    ]
  }
}
