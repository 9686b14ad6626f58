// node Web/run.mjs MODULE REQUESTS ANSWERS: answers the records of one file into another.
import { readFile, writeFile } from "node:fs/promises";
import { compile, instantiate, join, split } from "./aether.mjs";

const [, , modulePath, requestsPath, answersPath] = process.argv;
const module = await compile(await readFile(modulePath));
const answers = [];
for (const request of split(new Uint8Array(await readFile(requestsPath)))) {
  answers.push((await instantiate(module))(request));
}
await writeFile(answersPath, join(answers));
