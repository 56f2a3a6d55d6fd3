import type { Colleague } from "../../../../src/demo/agent.ts";

/** Calls a tool of the product, and returns its structured result. Throws ToolRefusal. */
export type CallTool = (name: string, args: Record<string, unknown>) => Promise<Record<string, unknown>>;

/** A task in the product's tool results. */
interface ToolTask {
  id: string;
  title: string;
}

/** The agent's answer: a sentence, and a list below it. */
export interface Answer {
  text: string;
  items: string[];
}

/** The last task that a question was about, which the next question calls "it". */
export interface Topic {
  task: ToolTask | null;
}

export interface ScriptedQuestion {
  id: string;
  text: string;
  /** The script that answers it: this agent has no model. */
  answer(callTool: CallTool, topic: Topic): Promise<Answer>;
}

/** A tool ran, and said that it could not do it. */
export class ToolRefusal extends Error {
  override name = "ToolRefusal";
}

const newTitle = "Invite the press to the opening";

/** The words of the story's step in which the agent changes something. */
export const writingStep = (colleague: string) => ({
  title: "The agent adds a task, and gives it away",
  ask: `Choose “Add …”, then “Give it to ${colleague}”`,
});

/**
 * The questions that a person can ask. A script for each of them replaces a model, so that a demo always goes the same way.
 * @param colleague the person who gets a task.
 */
export const questionsWith = (colleague: Colleague): readonly ScriptedQuestion[] => [
  {
    id: "list",
    text: "What is on my list?",
    async answer(callTool, topic) {
      const tasks = await ownTasks(callTool);
      topic.task ??= tasks[0] ?? null;
      if (tasks.length === 0) return { text: "Your list is empty.", items: [] };
      return { text: `You have ${counted(tasks.length)}:`, items: tasks.map(({ title }) => title) };
    },
  },
  {
    id: "add",
    text: `Add “${newTitle}”`,
    async answer(callTool, topic) {
      topic.task = taskIn(await callTool("create_task", { title: newTitle, assignee: "me" }));
      return { text: "I added it:", items: [topic.task.title] };
    },
  },
  {
    id: "give",
    text: `Give it to ${colleague.name.split(" ")[0]}`,
    async answer(callTool, topic) {
      topic.task ??= (await ownTasks(callTool))[0] ?? null;
      if (!topic.task) return { text: "Your list is empty: there is nothing to give away.", items: [] };
      const { id, title } = taskIn(
        await callTool("assign_task", { id: topic.task.id, assignee: colleague.login }),
      );
      topic.task = { id, title };
      return { text: `${colleague.name} has it now:`, items: [title] };
    },
  },
];

function counted(number: number): string {
  return number === 1 ? "one open task" : `${number} open tasks`;
}

async function ownTasks(callTool: CallTool): Promise<ToolTask[]> {
  const { tasks } = await callTool("list_tasks", { state: "open", assignee: "me" });
  return Array.isArray(tasks) ? (tasks as ToolTask[]) : [];
}

function taskIn({ task }: Record<string, unknown>): ToolTask {
  return task as ToolTask;
}
