-- Runs the programs of a directory and prints the median CPU time of five runs of each, in milliseconds.
-- Usage: run.lua DIR
if jit and jit.off then jit.off() end
local dir = (arg and arg[1]) or BENCH_DIR
local write = function(...) io.write(...) io.stdout:flush() end
for _, name in ipairs {"fib", "loop", "strings", "patterns", "format", "tables", "pairs", "closures", "methods", "pcall", "coroutines", "sort", "json"} do
  local chunk = assert(loadfile(dir .. "/" .. name .. ".lua"))
  local ok, program = pcall(chunk)
  if not ok then
    write(name, " -\n")
  else
    local times = {}
    for i = 1, 5 do
      local start = os.clock()
      program()
      times[i] = (os.clock() - start) * 1000
    end
    table.sort(times)
    write(string.format("%s %.1f\n", name, times[3]))
  end
end
