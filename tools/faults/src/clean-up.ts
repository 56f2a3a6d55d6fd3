/** Things that have to be stopped or removed, in the order in which it was started. */
export interface CleanUp {
  add(step: () => unknown): void;
  /** Runs the steps, the last one first. A step that fails does not stop the others. */
  run(): Promise<void>;
}

export function openCleanUp(): CleanUp {
  const steps: (() => unknown)[] = [];
  return {
    add: (step) => void steps.push(step),
    async run() {
      for (let step = steps.pop(); step; step = steps.pop()) {
        try {
          await step();
        } catch (error) {
          process.stderr.write(`clean-up: ${error}\n`);
        }
      }
    },
  };
}
