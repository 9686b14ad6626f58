import AppFormat

extension NativeTable {
  /// Display and input. Colours are RGB565; coordinates may lie outside, what is drawn is clipped. Calls are counted by rate only
  /// where they reach the panel: drawing goes into memory, and is as fast as the app computes.
  static var screen: [NativeFunction] {
    let display = Row(family: .display, capabilities: [.displayWrite])
    let input = Row(family: .input, capabilities: [.inputRead])
    return [
      display("display_clear", "color", "Fills the screen. −EBUSY, as from all that draws, while another app has it."),
      display("display_pixel", "x y color", "Sets one pixel."),
      display("display_rect", "x y width height color", "A filled rectangle."),
      display("display_rect_outline", "x y width height color", "The edge of a rectangle."),
      display("display_line", "x0 y0 x1 y1 color", "A line, both ends included."),
      display("display_hline", "x y length color", "A line to the right."),
      display("display_vline", "x y length color", "A line downwards."),
      display("display_circle", "x y radius color", "The edge of a circle."),
      display("display_circle_fill", "x y radius color", "A filled circle."),
      display("display_rounded_rect", "x y width height radius color", "The edge of a rectangle with round corners."),
      display("display_rounded_rect_fill", "x y width height radius color", "A filled rectangle with round corners."),
      display("display_triangle", "x0 y0 x1 y1 x2 y2 color", "The edge of a triangle."),
      display("display_triangle_fill", "x0 y0 x1 y1 x2 y2 color", "A filled triangle."),
      display("display_text", "x y text$ color", "Text in a font of 7 by 10 pixels."),
      display("display_text_large", "x y text$ color", "Text in a font of 11 by 18 pixels."),
      display("display_text_huge", "x y text$ color", "Text in a font of 22 by 36 pixels."),
      display("display_number", "x y value color", "A number in the small font."),
      display(
        "display_bitmap", "x y width height pixels[]", "Copies pixels of two bytes each; too few bytes: −EINVAL."),
      display(
        "display_bitmap_transparent", "x y width height pixels[] key", "The same, but for pixels of the colour `key`."),
      display(
        "display_raw_write", "x y width height pixels[]", rate: .display, "Copies pixels and shows them at once."),
      display(
        "display_raw_write_async", "x y width height pixels[]", rate: .display, "The same without waiting."),
      display("display_raw_wait", "", "Waits until everything that was written is shown."),
      display(
        "display_progress_bar", "x y width height value maximum color background", "A bar, filled by value of maximum."),
      display(
        "display_flush", "", rate: .display,
        "Shows what was drawn; it happens by itself 50 ms behind the last draw."),
      display("display_get_size", "width[4]= height[4]=", "Writes both as 32 bits."),
      display("display_get_width", "", "Pixels."),
      display("display_get_height", "", "Pixels."),

      input("input_get_buttons", "", "A bit for each button that is held, bit N for the button N."),
      input(
        "input_poll_event", "event[]=", "Takes the next event of 8 bytes (button, 1 pressed or 0). 1: taken, 0: none."),
      input("input_poll_event", "event[8]=", "The same, as the reference's SDK declares it."),
      input("input_get_dial", "", "Where the dial is, 0 to 255."),
    ]
  }
}
