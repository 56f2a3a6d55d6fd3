import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { codeBlocks } from "../helpers/docs.ts";
import { freePort } from "../helpers/postgres-server.ts";
import { publishedFolders } from "../helpers/reverse-proxy.ts";

const page = "docs/how-to/run-as-a-sidecar.md";

describe(page, () => {
  const blocks = codeBlocks(page).filter(({ file }) => file !== null);

  it("shows parts of both examples", () => {
    assert.ok(blocks.length >= 3);
    assert.equal(new Set(blocks.map(({ file }) => file)).size, 2);
  });

  for (const { file, text } of blocks) {
    it(`quotes ${file}: ${text.split("\n")[0]}`, () => {
      const indented = text.replace(/^(?=.)/gm, "  ");
      assert.ok(readFileSync(file ?? "", "utf8").includes(`\n${indented}`), text);
    });
  }

  it("names the folders that its proxies publish", () => {
    const caddy = readFileSync("examples/sidecar-fastify/Caddyfile", "utf8");
    const paths = /@sidecar path (.*)/.exec(caddy)?.[1]?.split(" ") ?? [];
    assert.deepEqual([...new Set(paths.map((path) => path.split("/")[1]))], publishedFolders);
    const nginx = readFileSync("examples/sidecar-node/nginx.conf", "utf8");
    const folders = /location ~ \^\/\(([^)]*)\)/.exec(nginx)?.[1]?.replaceAll("\\", "").split("|");
    assert.deepEqual(folders, publishedFolders);
  });
});

for (const name of ["sidecar-fastify", "sidecar-node"]) {
  describe(`the commands of examples/${name}`, () => {
    const [start = "", proxy = ""] = codeBlocks(`examples/${name}/README.md`)[0]?.text.split("\n") ?? [];
    let child: ChildProcess | undefined;
    after(() => child?.kill("SIGKILL"));

    it("start the product, which answers no one without a token, and end it by SIGTERM", async () => {
      const port = await freePort();
      // The environment wins over the file. Only the port is different.
      const env = { ...process.env, PORT: String(port) };
      child = spawn("bash", ["-c", `exec ${start}`], { env, stdio: ["ignore", "pipe", "inherit"] });
      assert.ok(child.stdout);
      const [line] = await once(child.stdout, "data");
      assert.equal(String(line), `Listening on http://127.0.0.1:${port}\n`);
      for (const headers of [{}, { "identity-token": "a.b.c" }]) {
        const answer = await fetch(
          `http://127.0.0.1:${port}/${name === "sidecar-node" ? "notes" : "reports"}`,
          { headers },
        );
        assert.deepEqual([answer.status, await answer.json()], [401, { error: "Not signed in" }]);
      }
      child.kill("SIGTERM");
      assert.deepEqual(await once(child, "exit"), [0, null]);
    });

    it("start a proxy with a file that exists", () => {
      const file = /\S*examples\/\S+?(?=[;\s]|$)/.exec(proxy)?.[0] ?? "";
      assert.match(readFileSync(file, "utf8"), /\/forward-auth\/(reports|notes)/);
    });
  });
}
