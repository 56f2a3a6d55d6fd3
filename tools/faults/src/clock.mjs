/**
 * Loaded into the application before it starts: a clock that jumps. The file that FAULTS_CLOCK names has the difference to
 * the machine's clock in ms. Timers do not jump, as on a machine whose clock is set.
 */
import { readFileSync } from "node:fs";

const file = process.env.FAULTS_CLOCK;
const { now } = Date;
let difference = 0;

if (file) {
  globalThis.Date = class extends Date {
    constructor(...parts) {
      super(...(parts.length === 0 ? [now() + difference] : parts));
    }
    static now() {
      return now() + difference;
    }
  };
  setInterval(() => {
    difference = Number(readFileSync(file, "utf8")) || 0;
  }, 20).unref();
}
