// What Node's own fetch, or with MODULES undici's EnvHttpProxyAgent, gets by its environment
// alone. Usage: client_env.mjs URL...
import { createRequire } from "node:module";

let options = {};
let get = globalThis.fetch;
if (process.env.MODULES) {
  const undici = createRequire(process.env.MODULES + "/")("undici");
  get = undici.fetch;
  options = { dispatcher: new undici.EnvHttpProxyAgent() };
}
for (const url of process.argv.slice(2)) {
  const answer = await get(url, options);
  process.stdout.write(await answer.text());
}
