import { type Configuration, type CustomFetch, customFetch } from "openid-client";
import { Checks } from "../checks.ts";

/** A request of ours to the provider, and what came back. */
export interface Exchange {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string;
  /** Null while there is no answer. */
  answer: { status: number; text: string } | null;
}

/** Everything that happened in one request of a sign-in, for the inspector: kept for as long as the request lasts. */
export class Trace {
  /** Of the request that the browser came with. */
  readonly answer = new Checks();
  readonly tokens = new Checks();
  readonly userInfo = new Checks();
  /** Of the person whom the claims name. */
  readonly person = new Checks();
  readonly exchanges: Exchange[] = [];
  readonly secrets: string[] = [];
  /** How the directory found the person. */
  foundBy = "";

  /** Names values that must be kept nowhere, wherever they turn up. */
  keepOut(...secrets: (string | null)[]): void {
    for (const secret of secrets) if (secret) this.secrets.push(secret);
  }

  /** Notes what openid-client exchanges with the provider. */
  listen(configuration: Configuration): Configuration {
    const send = configuration[customFetch];
    if (!send) return configuration;
    const listening: CustomFetch = async (url, options) => {
      const { method, headers, body } = options;
      const exchange: Exchange = {
        method,
        url,
        headers,
        body: body == null ? "" : String(body),
        answer: null,
      };
      this.exchanges.push(exchange);
      const answer = await send(url, options);
      exchange.answer = { status: answer.status, text: await answer.clone().text() };
      return answer;
    };
    configuration[customFetch] = listening;
    return configuration;
  }
}
