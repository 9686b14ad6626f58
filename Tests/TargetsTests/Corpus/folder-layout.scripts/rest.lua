function condition() return load <= 0.5 end
function body() print("resting") end
