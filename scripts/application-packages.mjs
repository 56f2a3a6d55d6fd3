/** The paths of the application's dependencies and theirs, without those for development or of other workspaces. */
export function neededByTheApplication(packages) {
  const found = new Set();
  const queue = [""];
  for (const from of queue) {
    for (const name of Object.keys(packages[from].dependencies ?? {})) {
      const path = placeOf(packages, from, name);
      if (!path || found.has(path)) continue;
      found.add(path);
      // A link leads to a package in packages/, whose dependencies count, too.
      queue.push(packages[path].link ? packages[path].resolved : path);
    }
  }
  return [...found];
}

/** The path at which a package finds another one: in its own node_modules, or in that of a folder above it. */
function placeOf(packages, from, name) {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf("/node_modules/")))) {
    const path = `${folder}${folder && "/"}node_modules/${name}`;
    if (packages[path]) return path;
    if (folder === "") return null;
  }
}
