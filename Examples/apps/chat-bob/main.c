// The other half: answers every `question N` on `chat.bob` with `ANSWER N` to `chat.alice`, until `bye`.
#include "aether_app.h"
#include "aether_guest.h"

int32_t main(void) {
  int32_t subscribed = msg_subscribe("chat.bob");
  if (subscribed < 0) {
    aether_printf("chat-bob: cannot subscribe: %d", subscribed);
    return -subscribed;
  }
  int32_t answered = 0;
  for (;;) {
    char text[32];
    int32_t size = msg_recv("chat.bob", text, sizeof text - 1, -1);
    // Too many calls just now, or a message that no one here would understand.
    if (size == -AETHER_EAGAIN || size == -AETHER_EMSGSIZE) {
      sleep_ms(20);
      continue;
    }
    if (size < 0) {
      aether_printf("chat-bob: cannot receive: %d", size);
      return -size;
    }
    text[size] = 0;
    if (aether_text_equal(text, "bye")) break;
    const char *number = text;
    while (*number && (*number < '0' || *number > '9')) number++;
    char answer[32];
    uint32_t length = aether_format(answer, sizeof answer, "ANSWER %s", number);
    int32_t heard = msg_publish("chat.alice", answer, length);
    if (heard < 0) aether_printf("chat-bob: the answer is not taken: %d", heard);
    else answered++;
  }
  msg_unsubscribe("chat.bob");
  aether_printf("chat-bob: %d questions answered", answered);
  return 0;
}
