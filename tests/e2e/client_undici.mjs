// What Node's undici does through a proxy. Usage: client_undici.mjs PROXY CA HTTP HTTPS
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

// The package is installed outside of the tree.
const { ProxyAgent, fetch, request } = createRequire(process.env.MODULES + "/")("undici");
const [proxy, authority, plain, secure] = process.argv.slice(2);
const dispatcher = new ProxyAgent({
  uri: proxy,
  requestTls: { ca: readFileSync(authority) },
});

for (const base of [plain, secure]) {
  for (let i = 0; i < 3; i++) {
    const answer = await fetch(base + "/small.txt", { dispatcher });
    assert.equal(answer.status, 200);
    assert.equal(await answer.text(), "a small file\n");
  }
  const body = Buffer.alloc(256000, "undici");
  const echo = await request(base + "/echo", { dispatcher, method: "POST", body });
  assert.equal(echo.statusCode, 200);
  assert.deepEqual(Buffer.from(await echo.body.arrayBuffer()), body);
  const many = await Promise.all(
    Array.from({ length: 20 }, (_, i) => fetch(`${base}/part-${i}`, { dispatcher })),
  );
  for (const answer of many) {
    assert.equal(answer.status, 200);
    assert.match(await answer.text(), /^part \d+\n/);
  }
  const big = await request(base + "/big.bin", { dispatcher });
  let size = 0;
  for await (const part of big.body) size += part.length;
  assert.equal(size, Number(big.headers["content-length"]));
}
await dispatcher.close();
console.log("undici ok");
