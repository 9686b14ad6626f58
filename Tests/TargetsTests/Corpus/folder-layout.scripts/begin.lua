function condition() return load > 0.5 end
function triggered() log("info", "begins") end
