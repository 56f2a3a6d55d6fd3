const root = new URL("../../../", import.meta.url);

/** A file of the repository, by its path from the root. */
export function fileUrl(path: string): URL {
  return new URL(path, root);
}

/** Where the values of the published submission are kept. */
export const publishedFile = fileUrl("docs/oin/published.json");

/** Where it stands from what each PDF and picture was made. */
export const inputsFile = fileUrl("docs/guides/inputs.json");
