import assert from "node:assert/strict";
import { inAnswers, type PlantedFault } from "./check-faults.ts";
import type { Fault } from "./front.ts";

/** Changes the text of a guide. */
export const says = (guide: RegExp, from: string | RegExp, to: string): Fault =>
  inAnswers("GET", guide, (exchange) => {
    assert.match(exchange.body, new RegExp(from), "the guide has what is to be changed");
    exchange.body = exchange.body.replace(from, to);
  });

/** A path in a guide, which may break after each slash. */
const broken = (path: string) => new RegExp(path.replaceAll("/", "/(?:<wbr>)?"), "g");

/** Another value in a guide than the Wizard gets. */
export const anotherValue = (what: string, guide: string, from: string, to: string): PlantedFault => ({
  name: `another value for ${what} than the Wizard gets`,
  fails: ["guide-values"],
  seen: new RegExp(`${to}, the Wizard's is .*${from}`),
  fault: () => says(new RegExp(`/guides/okta/${guide}$`), broken(from), to),
});
