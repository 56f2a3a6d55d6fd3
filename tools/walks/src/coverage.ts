import type { Profiler } from "node:inspector";
import { Session } from "node:inspector/promises";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";

/** The functions that ran, as `name@offset` in the compiled file, by path relative to the repository. */
export type ExecutedFunctions = Map<string, string[]>;

export interface Coverage {
  /** The functions that ran since the last call, on this thread and on worker threads. */
  take(): Promise<ExecutedFunctions>;
  stop(): void;
}

const root = fileURLToPath(new URL("../../../", import.meta.url));
const precise = { callCount: true, detailed: false };

/** Starts V8's precise coverage. V8 resets its counters at each take, so two takes enclose one request. */
export async function startCoverage(): Promise<Coverage> {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.startPreciseCoverage", precise);
  const workers = await coverWorkers(session);
  return {
    async take() {
      const results = [await session.post("Profiler.takePreciseCoverage"), ...(await workers.take())];
      return executedIn(results.flatMap(({ result }) => result));
    },
    stop: () => session.disconnect(),
  };
}

/** A worker thread has an isolate of its own; commands to its profiler travel as messages. */
async function coverWorkers(session: Session) {
  const workers = new Set<string>();
  const waiting = new Map<number, (result: Profiler.TakePreciseCoverageReturnType) => void>();
  let lastId = 0;
  const send = async (sessionId: string, method: string, params = {}) => {
    const id = ++lastId;
    const answer = new Promise<Profiler.TakePreciseCoverageReturnType>((resolve) => waiting.set(id, resolve));
    const message = JSON.stringify({ id, method, params });
    await session.post("NodeWorker.sendMessageToWorker", { sessionId, message });
    return await answer;
  };
  session.on("NodeWorker.receivedMessageFromWorker", ({ params }) => {
    const { id, result } = JSON.parse(params.message);
    waiting.get(id)?.(result);
    waiting.delete(id);
  });
  session.on("NodeWorker.attachedToWorker", ({ params: { sessionId } }) => {
    void send(sessionId, "Profiler.enable");
    void send(sessionId, "Profiler.startPreciseCoverage", precise).then(() => workers.add(sessionId));
  });
  session.on("NodeWorker.detachedFromWorker", ({ params }) => void workers.delete(params.sessionId));
  await session.post("NodeWorker.enable", { waitForDebuggerOnStart: false });
  return {
    take: () => Promise.all([...workers].map((worker) => send(worker, "Profiler.takePreciseCoverage"))),
  };
}

function executedIn(scripts: readonly Profiler.ScriptCoverage[]): ExecutedFunctions {
  const executed: ExecutedFunctions = new Map();
  for (const { url, functions } of scripts) {
    if (!url.startsWith("file:")) continue;
    const path = relative(root, fileURLToPath(url)).replaceAll("\\", "/");
    const names = functions
      .filter(isCalled)
      .map(({ functionName, ranges: [range] }) => `${functionName || "(anonymous)"}@${range?.startOffset}`);
    if (names.length > 0) executed.set(path, [...(executed.get(path) ?? []), ...names]);
  }
  return executed;
}

/** Leaves out the module itself, which runs when it is loaded, and the helper that tsx adds to each file. */
function isCalled({ functionName, ranges: [range] }: Profiler.FunctionCoverage): boolean {
  const isModule = functionName === "" && range?.startOffset === 0;
  return range !== undefined && range.count > 0 && !isModule && functionName !== "__name";
}
