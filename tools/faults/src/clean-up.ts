/** Stops and removes things, the last one first. */
export interface CleanUp {
  add(step: () => unknown): void;
  /** Runs the steps, the last one first. A step that fails does not stop the others. Two callers wait for the same run. */
  run(): Promise<void>;
}

export function openCleanUp(): CleanUp {
  const steps: (() => unknown)[] = [];
  let running: Promise<void> | null = null;

  async function runSteps(): Promise<void> {
    for (let step = steps.pop(); step; step = steps.pop()) {
      try {
        await step();
      } catch (error) {
        process.stderr.write(`clean-up: ${error}\n`);
      }
    }
  }

  return {
    add: (step) => void steps.push(step),
    run() {
      running ??= runSteps().finally(() => {
        running = null;
      });
      return running;
    },
  };
}
