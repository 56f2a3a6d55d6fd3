import { displayNameOf, type Org, OrgRefusal } from "./org.ts";
import { deactivatePerson, provisionPerson, pushProfile, type Send } from "./provisioning.ts";
import { deleteGroup, linkGroup, pushAll, pushChanges, type WantedGroup } from "./push-groups.ts";
import type { OrgScimClient } from "./scim-client.ts";
import type { Assignment, OrgApp, Provisioning, PushGroup } from "./state.ts";

/** How far a push is. */
export interface Progress {
  done: number;
  failed: number;
  total: number;
  isRunning: boolean;
  /** Until when the application makes the org wait, in ms since the epoch. */
  waitsUntil: number | null;
}

/** What has to be brought to an app: a person or a group, and for a group whether its whole membership is sent. */
type PushTask = { kind: "person"; id: string } | { kind: "group"; id: string; full: boolean };

interface PushRun extends Progress {
  queue: PushTask[];
  stopping: AbortController;
  ended: Promise<void>;
}

export type Provisioner = ReturnType<typeof provisioner>;

/** So many calls at once that a push of thousands takes minutes, and not so many that an application notices. */
const atOnce = 4;

/**
 * Brings apps to the state that the org has: one queue for each app, people before groups. What is to be done is noted
 * with each assignment and each pushed group, so that a push that was stopped, or died, goes on where it was.
 */
export function provisioner(org: Org, client: OrgScimClient) {
  const runs = new Map<string, PushRun>();

  function enqueue(app: OrgApp, added: PushTask[]): Promise<void> {
    if (!app.provisioning || added.length === 0) return Promise.resolve();
    const running = runs.get(app.id);
    if (running?.isRunning && !running.stopping.signal.aborted) {
      running.queue.push(...added);
      running.total += added.length;
      return running.ended;
    }
    const counts = { done: 0, failed: 0, total: added.length, isRunning: true, waitsUntil: null };
    const run: PushRun = {
      ...counts,
      queue: added,
      stopping: new AbortController(),
      ended: Promise.resolve(),
    };
    const before = running?.ended ?? Promise.resolve();
    run.ended = before.then(() => work(org, client, app, run));
    runs.set(app.id, run);
    return run.ended;
  }

  return {
    /** Tells an app of people and groups that changed. Resolves when it is done; what failed is noted with each. */
    people: (app: OrgApp, ids: readonly string[]) =>
      enqueue(
        app,
        ids.map((id) => ({ kind: "person", id })),
      ),
    groups: (app: OrgApp, ids: readonly string[], full = false) =>
      enqueue(
        app,
        ids.map((id) => ({ kind: "group", id, full })),
      ),

    /** Everything that an app has not been told of yet, or that failed, and the groups that follow from it. */
    resume(app: OrgApp): Promise<void> {
      const open = ({ state }: Assignment | PushGroup) => ["pending", "failed", "removing"].includes(state);
      const people = Object.keys(app.assignments).filter(
        (id) => app.assignments[id] && open(app.assignments[id]),
      );
      const failed = Object.keys(app.pushGroups).filter(
        (id) => app.pushGroups[id] && open(app.pushGroups[id]),
      );
      const groups = new Set([...failed, ...groupsWith(org, app, new Set(people))]);
      return enqueue(app, [
        ...people.map((id) => ({ kind: "person" as const, id })),
        ...[...groups].map((id) => ({ kind: "group" as const, id, full: false })),
      ]);
    },

    progress(appId: string): Progress | null {
      const run = runs.get(appId);
      if (!run) return null;
      const { done, failed, total, isRunning, waitsUntil } = run;
      return { done, failed, total, isRunning, waitsUntil };
    },

    /** Stops after the calls that are under way. */
    stop(appId: string): void {
      runs.get(appId)?.stopping.abort();
    },

    async stopAll(): Promise<void> {
      for (const run of runs.values()) run.stopping.abort();
      await Promise.all([...runs.values()].map(({ ended }) => ended));
      runs.clear();
    },

    /** Sends single calls to an app, for what an administrator asks for and waits for. Throws OrgRefusal. */
    sender(app: OrgApp, why: string): Send {
      const { provisioning } = app;
      if (!provisioning) throw new OrgRefusal("Configure API Integration first.");
      const reason = { appId: app.id, why, signal: new AbortController().signal, onWait: () => undefined };
      return (method, path, body) => client.send(provisioning, reason, method, path, body);
    },
  };
}

/** The pushed groups that have one of these people whom the application has not been told to put there. */
export function groupsWith({ store }: Org, app: OrgApp, people: ReadonlySet<string>): string[] {
  return Object.keys(app.pushGroups).filter((groupId) =>
    store.state.groups[groupId]?.memberIds.some(
      (id) => people.has(id) && !Object.hasOwn(app.pushGroups[groupId]?.pushedMembers ?? {}, id),
    ),
  );
}

async function work(org: Org, client: OrgScimClient, app: OrgApp, run: PushRun): Promise<void> {
  const { signal } = run.stopping;
  while (run.queue.length > 0 && !signal.aborted) {
    const batch = nextBatch(run.queue);
    const results = await Promise.all(batch.map((task) => perform(org, client, app, run, task)));
    run.done += results.length;
    run.failed += results.filter((succeeded) => !succeeded).length;
    org.store.changed();
  }
  run.isRunning = false;
}

/** The next tasks that may run at once: of one kind, and none of them twice. */
function nextBatch(queue: PushTask[]): PushTask[] {
  const batch: PushTask[] = [];
  while (batch.length < atOnce) {
    const [next] = queue;
    const [first] = batch;
    if (!next || (first && first.kind !== next.kind) || batch.some(({ id }) => id === next.id)) break;
    batch.push(next);
    queue.shift();
  }
  return batch;
}

/** Whether it succeeded. What was stopped is left as it was, to be gone on with. */
async function perform(
  org: Org,
  client: OrgScimClient,
  app: OrgApp,
  run: PushRun,
  task: PushTask,
): Promise<boolean> {
  const entry = task.kind === "person" ? app.assignments[task.id] : app.pushGroups[task.id];
  const { provisioning } = app;
  if (!entry || !provisioning) return true;
  const sendFor =
    (why: string): Send =>
    (method, path, body) => {
      const onWait = (until: number | null) => {
        run.waitsUntil = until;
      };
      const reason = { appId: app.id, why, signal: run.stopping.signal, onWait };
      return client.send(provisioning, reason, method, path, body);
    };
  try {
    if (task.kind === "person") await bringPerson(org, app, provisioning, task.id, sendFor);
    else await bringGroup(org, app, provisioning, task, sendFor);
    return true;
  } catch (error) {
    if (run.stopping.signal.aborted) return true;
    entry.problem = error instanceof Error ? error.message : String(error);
    // Taking something away goes on being wanted.
    if (entry.state !== "removing") entry.state = "failed";
    return false;
  }
}

type SendFor = (why: string) => Send;

async function bringPerson(
  org: Org,
  app: OrgApp,
  provisioning: Provisioning,
  id: string,
  sendFor: SendFor,
): Promise<void> {
  const assignment = app.assignments[id];
  const person = org.store.state.people[id];
  if (!assignment) return;
  if (!person) {
    delete app.assignments[id];
    return;
  }
  const name = displayNameOf(person);
  if (assignment.state === "removing") {
    if (assignment.remoteId !== null && provisioning.deactivateUsers)
      await deactivatePerson(sendFor(`Deactivate ${name}`), provisioning, person, assignment.remoteId);
    delete app.assignments[id];
    return;
  }
  if (assignment.remoteId === null) {
    assignment.remoteId = await provisionPerson(sendFor(`Assign ${name}`), provisioning, person);
  } else if (provisioning.updateAttributes) {
    await pushProfile(sendFor(`Push profile of ${name}`), provisioning, person, assignment.remoteId);
  }
  Object.assign(assignment, { state: "provisioned", problem: null });
}

async function bringGroup(
  org: Org,
  app: OrgApp,
  provisioning: Provisioning,
  { id, full }: { id: string; full: boolean },
  sendFor: SendFor,
): Promise<void> {
  const pushed = app.pushGroups[id];
  const group = org.store.state.groups[id];
  if (!pushed) return;
  if (pushed.state === "removing" || !group) {
    await deleteGroup(sendFor(`Delete group ${pushed.pushedName ?? ""}`), pushed);
    delete app.pushGroups[id];
    return;
  }
  const send = sendFor(`Push group ${group.name}`);
  const wanted: WantedGroup = { name: group.name, members: membersOf(org, app, group.memberIds) };
  pushed.remoteId ??= await linkGroup(send, group.name);
  if (full) await pushAll(send, pushed.remoteId, wanted);
  else
    await pushChanges(
      send,
      provisioning.updates === "private",
      pushed.remoteId,
      pushed.pushedMembers,
      wanted,
    );
  const pushedMembers = Object.fromEntries([...wanted.members].map(([person, { value }]) => [person, value]));
  Object.assign(pushed, { state: "pushed", problem: null, pushedName: group.name, pushedMembers });
}

/** The members whom the application knows: a group is pushed with those who are assigned (Okta: "Group Push"). */
function membersOf(org: Org, app: OrgApp, ids: readonly string[]): WantedGroup["members"] {
  const members: WantedGroup["members"] = new Map();
  for (const id of ids) {
    const login = org.store.state.people[id]?.login;
    const assignment = app.assignments[id];
    if (login === undefined || typeof assignment?.remoteId !== "string" || assignment.state === "removing")
      continue;
    members.set(id, { value: assignment.remoteId, display: login });
  }
  return members;
}
