import { createServer, type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { ownFolders } from "../../src/endpoints.ts";

/** The folders of the application that its proxy publishes; the others are for the proxy, the products and the operator. */
export const publishedFolders = [...ownFolders]
  .filter((folder) => !["forward-auth", "metrics", "healthz", "readyz"].includes(folder))
  .sort();

/** A product behind the proxy, below a folder of the same name. */
interface ProxiedProduct {
  audience: string;
  url: string;
}

/**
 * A reverse proxy with forward authentication, as docs/how-to/run-as-a-sidecar.md asks for it: the application's folders go to
 * its replicas in turn. For every other request a replica is asked first, and the product gets the identity token of the answer
 * and none that the client sent.
 */
export interface ReverseProxy {
  url: string;
  sidecars: string[];
  products: ProxiedProduct[];
  /** The identity tokens that the products got, in order. */
  passedOn: (string | undefined)[];
  close(): Promise<void>;
}

interface ProxyAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export async function startReverseProxy(): Promise<ReverseProxy> {
  let turn = 0;
  const proxy: ReverseProxy = { url: "", sidecars: [], products: [], passedOn: [], close };
  const sidecar = () => proxy.sidecars[turn++ % proxy.sidecars.length] ?? "";

  async function answer(req: IncomingMessage, body: Buffer): Promise<ProxyAnswer> {
    const { method = "GET", url = "/", headers } = req;
    const folder = url.split(/[/?]/)[1] ?? "";
    if (publishedFolders.includes(folder)) return await pass(sidecar() + url, method, headers, body);
    const product = proxy.products.find(({ audience }) => folder === audience);
    if (!product) return { status: 404, headers: {}, body: Buffer.alloc(0) };
    const asking = { ...headers, "x-forwarded-uri": url, "x-forwarded-method": method };
    for (const name of ["content-length", "transfer-encoding"]) delete (asking as IncomingHttpHeaders)[name];
    const asked = await pass(
      `${sidecar()}/forward-auth/${product.audience}?signed-out=redirect`,
      "GET",
      asking,
      Buffer.alloc(0),
    );
    if (asked.status !== 200) return asked;
    const given = { ...headers, "identity-token": asked.headers["identity-token"] };
    proxy.passedOn.push(given["identity-token"] as string | undefined);
    return await pass(product.url + url, method, given, body);
  }

  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const { status, headers, body } = await answer(req, Buffer.concat(chunks));
    res.writeHead(status, headers).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  proxy.url = `http://localhost:${(server.address() as AddressInfo).port}`;
  async function close(): Promise<void> {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  return proxy;
}

function pass(url: string, method: string, headers: IncomingHttpHeaders, body: Buffer): Promise<ProxyAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers }, async (incoming) => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      const { statusCode: status = 0 } = incoming;
      resolve({ status, headers: incoming.headers, body: Buffer.concat(chunks) });
    });
    outgoing.once("error", reject).end(body);
  });
}
