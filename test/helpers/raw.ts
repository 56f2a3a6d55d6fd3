import { connect, type Socket } from "node:net";

/** The answer that a raw connection got until it was closed. */
export interface RawAnswer {
  status: number;
  /** The header's lines, in lower case. */
  header: string;
  body: string;
  /** From the first byte sent to the close, in ms. */
  ms: number;
}

const everyMs = 40;

/** Sends bytes as they are, and then one more byte of `dribble` again and again, until the server closes the connection. */
export function sendSlowly(port: number, begin: string, dribble = ""): Promise<RawAnswer> {
  const started = Date.now();
  return new Promise((resolve) => {
    let received = "";
    const socket: Socket = connect(port, "127.0.0.1", () => socket.write(begin));
    let sent = 0;
    const timer = setInterval(() => {
      if (dribble !== "" && socket.writable) socket.write(dribble[sent++ % dribble.length] ?? "");
    }, everyMs);
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => {
      received += text;
    });
    // A reset is an end, too: the bytes that came before it count.
    socket.on("error", () => undefined);
    socket.on("close", () => {
      clearInterval(timer);
      const [head = "", body = ""] = received.split(/\r\n\r\n(.*)/s);
      const status = Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1] ?? 0);
      resolve({ status, header: head.toLowerCase(), body, ms: Date.now() - started });
    });
  });
}

/** The bytes of a request's header. */
export function requestHead(method: string, path: string, headers: Record<string, string | number>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return `${[`${method} ${path} HTTP/1.1`, "Host: localhost", ...lines].join("\r\n")}\r\n\r\n`;
}
