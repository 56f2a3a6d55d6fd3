import { createSocket } from "node:dgram";
import type { AddressInfo } from "node:net";

/** A DNS server for TXT records (RFC 1035 §4). */
export interface DnsServer {
  /** For Resolver.setServers. */
  address: string;
  /** By name in lower case. Other names do not exist. For a name without an array, the server does not respond. */
  records: Map<string, string[] | "silent">;
  close(): Promise<void>;
}

export async function startDnsServer(): Promise<DnsServer> {
  const records: DnsServer["records"] = new Map();
  const socket = createSocket("udp4");
  socket.on("message", (query, { port, address }) => {
    const { name, end } = questionOf(query);
    const found = records.get(name.toLowerCase());
    if (found !== "silent") socket.send(answer(query, end, found ?? null), port, address);
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const { port } = socket.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    records,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

function questionOf(query: Buffer): { name: string; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString("ascii", at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join("."), end: at + 5 };
}

function answer(query: Buffer, end: number, records: string[] | null): Buffer {
  const header = Buffer.from(query.subarray(0, 12));
  header.writeUInt16BE(records === null ? 0x8183 : 0x8180, 2);
  header.writeUInt16BE(records?.length ?? 0, 6);
  header.fill(0, 8);
  return Buffer.concat([header, query.subarray(12, end), ...(records ?? []).map(txtRecord)]);
}

/** An answer: pointer to the question's name, TXT, IN, one minute, and the text in strings of at most 255 bytes. */
function txtRecord(text: string): Buffer {
  const strings = (text.match(/.{1,200}/g) ?? [""]).map((part) =>
    Buffer.concat([Buffer.from([part.length]), Buffer.from(part)]),
  );
  const data = Buffer.concat(strings);
  const head = Buffer.from([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60, 0, 0]);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}
