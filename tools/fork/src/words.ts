/** Generated from the others, the record of the past, or this tool. Their words are not replaced. */
const untouched = [
  /^CHANGELOG\.md$/,
  /^LICENSE$/,
  /^package(-lock)?\.json$/,
  /^docs\/decisions\//,
  /^docs\/(guides|oin|explanation\/pictures)\//,
  /^tools\/fork\//,
];

export const isHistory = (path: string): boolean => untouched.some((pattern) => pattern.test(path));

/** Okta's own tasks: the page of its console, its labels, and the stand-in's page of the same name. */
const oktas = [
  /^packages\/okta-labels\//,
  /^packages\/okta-stand-in\/(src|views|public)\//,
  /^packages\/okta-stand-in\/test\/console\.test\.ts$/,
];

/** Phrases about Okta's tasks, or else the word "task" in prose and in names: task-export, list_tasks, listTasks, TaskPage. */
const pattern =
  /(?<oktas>\/admin\/tasks\b|failedTasks|select the tasks)|(?<![A-Za-z])(?:[Tt]ask(?=s?(?![a-z]))|TASK(?=S?(?![A-Z])))|(?<=[a-z])Task(?=s?(?![a-z]))/g;

/** Whether the text speaks of the sample product. */
export const saysTask = (path: string, text: string): boolean => withNotes(path, text) !== text;

/** Calls the sample product's tasks notes, and leaves Okta's tasks alone. */
export function withNotes(path: string, text: string): string {
  if (isHistory(path) || oktas.some((one) => one.test(path))) return text;
  return text.replaceAll(pattern, (word, oktasPhrase: string | undefined) => {
    return oktasPhrase ?? { task: "note", Task: "Note", TASK: "NOTE" }[word] ?? word;
  });
}
