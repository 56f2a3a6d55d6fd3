import { readFileSync } from "node:fs";
import type { Exchange, Fault } from "./front.ts";

const guides = /^\/guides\/okta\/\w+$/;
const picture = "/guides/okta/images/okta-screen.png";

/**
 * A deployment whose owner has replaced the drawings of Okta's console by screenshots, as this product's owner has to before
 * a submission; with one more fault, if there is one.
 */
export function withScreenshots(fault: Fault = {}): Fault {
  return {
    request(exchange) {
      return exchange.path === picture ? screenshot() : fault.request?.(exchange);
    },
    async answer(exchange) {
      if (guides.test(exchange.path)) exchange.body = withScreenshot(exchange.body);
      await fault.answer?.(exchange);
    },
  };
}

function withScreenshot(html: string): string {
  const image = `<img src="${picture}" alt="The catalog of apps in Okta">`;
  return html.replace(/drawing of Okta(&#39;|')s screen/gi, "").replace("</article>", `${image}</article>`);
}

/** Any picture will do: the check does not look at what it shows. */
function screenshot(): Partial<Exchange> {
  const bytes = readFileSync("docs/guides/images/connection-new.png");
  return { status: 200, headers: { "content-type": "image/png" }, bytes, body: bytes.toString() };
}
