import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

/** A key and a self-signed certificate for this machine. `path` is the certificate's file. */
export interface Certificate {
  key: string;
  cert: string;
  path: string;
  remove(): void;
}

/** @param names of the host, as OpenSSL writes them. */
export function selfSigned(names = "DNS:localhost,IP:127.0.0.1"): Certificate {
  const folder = mkdtempSync(join(tmpdir(), "starter-tls-"));
  const [keyPath, path] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"];
  execFileSync(
    "openssl",
    [...words, "-addext", `subjectAltName=${names}`, "-keyout", keyPath, "-out", path],
    {
      stdio: "ignore",
    },
  );
  const remove = () => rmSync(folder, { recursive: true, force: true });
  return { key: readFileSync(keyPath, "utf8"), cert: readFileSync(path, "utf8"), path, remove };
}

/** A TLS proxy, as in front of an http server in production. */
export interface HttpsFront {
  port: number;
  /** Forwards everything to this address from now on. */
  pointTo(address: string): void;
  close(): Promise<void>;
}

export async function startHttpsFront({ key, cert }: Certificate): Promise<HttpsFront> {
  let target = "";
  const server = createServer({ key, cert }, (req, res) => {
    const headers = { ...req.headers, "x-forwarded-proto": "https", "x-forwarded-for": "127.0.0.1" };
    const onwards = request(target + (req.url ?? "/"), { method: req.method ?? "GET", headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(res);
    });
    onwards.once("error", () => res.destroy());
    req.pipe(onwards);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    pointTo(address) {
      target = address;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
