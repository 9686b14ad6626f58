function on_enter() visits = visits + 1 end
function body() print("busy at " .. load) end
function on_exit() print("no longer busy") end
