import { type Agent, request } from "node:http";
import type { RawRequest } from "./template.ts";
import type { FuzzedApp } from "./world.ts";

export interface GivenAnswer {
  /** 0 if there was no answer. */
  status: number;
  type: string;
  text: string;
  retryAfter: string | null;
  /** Why there was no answer; null if there was one. */
  failure: string | null;
}

const timeoutMs = 20_000;
const none = { status: 0, type: "", text: "", retryAfter: null };

/** Sends the bytes as they are: fetch() would repair the path and refuse the headers. */
export async function send(
  { port }: Pick<FuzzedApp, "port">,
  agent: Agent,
  raw: RawRequest,
): Promise<GivenAnswer> {
  const answer = await sendOnce(port, agent, raw);
  // The server may close a connection that was idle at the moment in which it is used again (RFC 9112 §9.3.1).
  return answer.failure === "ECONNRESET" || answer.failure === "EPIPE"
    ? await sendOnce(port, undefined, raw)
    : answer;
}

function sendOnce(port: number, agent: Agent | undefined, raw: RawRequest): Promise<GivenAnswer> {
  const { method, target: path, headers, body } = raw;
  const length = body ? { "content-length": String(body.length) } : {};
  return new Promise((resolve) => {
    const fail = (failure: string) => resolve({ ...none, failure });
    const options = { hostname: "127.0.0.1", port, method, path, timeout: timeoutMs };
    const call = request(
      { ...options, ...(agent ? { agent } : {}), headers: { ...headers, ...length } },
      (response) => {
        const { statusCode: status = 0 } = response;
        const { "content-type": type = "", "retry-after": retryAfter = null } = response.headers;
        let text = "";
        const answered = () => resolve({ status, type, text, retryAfter, failure: null });
        // A stream does not end by itself.
        if (type.startsWith("text/event-stream")) {
          answered();
          response.destroy();
          return;
        }
        response.setEncoding("utf8").on("data", (chunk: string) => {
          if (text.length < 2_000) text += chunk;
        });
        response.on("end", answered).on("error", (error) => fail(`the answer broke off: ${error.message}`));
      },
    );
    call.on("timeout", () => call.destroy(new Error(`no answer in ${timeoutMs / 1000} s`)));
    call.on("error", (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
    call.end(body ?? undefined);
  });
}
