// node load.js ENTRY…: loads each, and prints those that export something.
const loaded = []
for (const name of process.argv.slice(2)) {
  if (Object.keys(await import(name)).length > 0) loaded.push(name)
}
process.stdout.write(loaded.join(' '))
