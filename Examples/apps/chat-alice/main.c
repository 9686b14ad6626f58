// One half of a conversation: sends a request to `chat.bob` and waits for the reply on `chat.alice`. The setting `rounds` says
// how many (10). Ends with 2 when nobody listens, with 3 when an answer does not come or is wrong.
#include "aether_app.h"
#include "aether_guest.h"

static int32_t say(const char *text) {
  int32_t heard = 0;
  // Bob may start later; a queue that is full empties.
  for (int32_t i = 0; i < 40; i++) {
    heard = msg_publish("chat.bob", text, aether_text_size(text));
    if (heard > 0 || (heard < 0 && heard != -AETHER_EAGAIN)) return heard;
    sleep_ms(250);
  }
  return heard;
}

int32_t main(void) {
  int32_t subscribed = msg_subscribe("chat.alice");
  if (subscribed < 0) {
    aether_printf("chat-alice: cannot subscribe: %d", subscribed);
    return -subscribed;
  }
  char text[32];
  int32_t rounds = settings_get("rounds", text, sizeof text) > 0 ? aether_text_number(text) : 10;
  int64_t longest = 0, whole = 0;
  for (int32_t round = 1; round <= rounds; round++) {
    aether_format(text, sizeof text, "question %d", round);
    int64_t begin = get_time_ms();
    int32_t heard = say(text);
    if (heard <= 0) {
      aether_printf("chat-alice: nobody listens: %d", heard);
      return heard < 0 ? -heard : 2;
    }
    char answer[32] = "";
    int32_t size = msg_recv("chat.alice", answer, sizeof answer - 1, 5000);
    if (size < 0) {
      aether_printf("chat-alice: no answer to %s: %d", text, size);
      return 3;
    }
    answer[size] = 0;
    aether_format(text, sizeof text, "ANSWER %d", round);
    if (!aether_text_equal(answer, text)) {
      aether_printf("chat-alice: round %d: \"%s\" is no answer", round, answer);
      return 3;
    }
    int64_t took = get_time_ms() - begin;
    whole += took;
    if (took > longest) longest = took;
  }
  int32_t said = say("bye");
  msg_unsubscribe("chat.alice");
  aether_printf("chat-alice: %d answers in %lld ms, the slowest in %lld ms", rounds, whole, longest);
  return said < 0 ? -said : 0;
}
