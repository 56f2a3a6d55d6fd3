const root = new URL("../../../", import.meta.url);

/** The URL of a file, by its path from the root of the repository. */
export function fileUrl(path: string): URL {
  return new URL(path, root);
}

/** The values of the published submission. */
export const publishedFile = fileUrl("docs/oin/published.json");

/** The hashes of the inputs from which each PDF and picture was created. */
export const inputsFile = fileUrl("docs/guides/inputs.json");
