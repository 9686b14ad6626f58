local entered = 0

function on_enter()
  entered = entered + 1
  print("idle for the time " .. entered)
end
