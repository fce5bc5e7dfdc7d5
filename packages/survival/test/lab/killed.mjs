// A study of its own process, for the test that kills it: argv = directory, workers, built entry of the package.
const [directory, workers, entry, study, material] = process.argv.slice(2);
const { parseStudy, runStudy } = await import(entry);
const revive = (_key, value) => (Array.isArray(value?.ids) ? Uint32Array.from(value.ids) : value);
await runStudy(parseStudy(JSON.parse(study)), JSON.parse(material, revive), {
  directory,
  workers: Number(workers),
  onProgress: ({ done, total }) => console.log(`${done}/${total}`),
});
