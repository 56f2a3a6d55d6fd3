import { join } from "node:path";
import * as ast from "typescript/unstable/ast";
import { API } from "typescript/unstable/sync";
import { invertsEveryCondition } from "./rooms.ts";

/** A change of one place in the code. */
export interface Mutant {
  path: string;
  /** Counted from 1. */
  line: number;
  /** The function or method around it; "" at the top level of a file. */
  inside: string;
  /** The original code, in one line. */
  code: string;
  change: "never" | "opposite" | "gone";
  /** The range of the code, in UTF-16 units. */
  start: number;
  end: number;
}

type Place = Pick<Mutant, "change"> & { node: ast.Node };

/** The mutants of these files, in the order of lines. @param paths relative to `root`, the working folder. */
export function mutantsOf(root: string, paths: readonly string[]): Mutant[] {
  const api = new API({ cwd: root });
  try {
    const snapshot = api.updateSnapshot({ openProjects: [join(root, "tsconfig.json")] });
    const program = snapshot.getProjects()[0]?.program;
    return paths.flatMap((path) => {
      const file = program?.getSourceFile(join(root, path));
      if (!file) throw new Error(`${path} is not among the files of tsconfig.json`);
      return mutantsIn(path, file);
    });
  } finally {
    api.close();
  }
}

function mutantsIn(path: string, file: ast.SourceFile): Mutant[] {
  const found: Mutant[] = [];
  const visit = (node: ast.Node, inside: string) => {
    const name = nameOf(node, file) ?? inside;
    for (const { node: place, change } of placesAt(node, invertsEveryCondition(path))) {
      const start = place.getStart(file);
      const text = file.text.slice(start, place.end);
      const line = file.text.slice(0, start).split("\n").length;
      const code = text.replaceAll(/\s+/g, " ");
      found.push({ path, line, inside: name, code, change, start, end: place.end });
    }
    // A visitor that returns a value ends the walk, so this one has a body without a return.
    node.forEachChild((child) => {
      visit(child, name);
    });
  };
  visit(file, "");
  return found;
}

const opposite = (node: ast.Node): Place => ({ node, change: "opposite" });

function placesAt(node: ast.Node, everyCondition: boolean): Place[] {
  if (isRule(node)) return [{ node, change: "gone" }];
  // The opposite would also refuse valid input, so a test that kills `never` would kill it, too.
  if (ast.isIfStatement(node) && leaves(node.thenStatement))
    return [{ node: node.expression, change: "never" }];
  if (!everyCondition) return [];
  if (ast.isIfStatement(node)) return [opposite(node.expression)];
  if (ast.isConditionalExpression(node)) return [opposite(node.condition)];
  const isGuard =
    ast.isBinaryExpression(node) && node.operatorToken.kind === ast.SyntaxKind.AmpersandAmpersandToken;
  return isGuard ? [opposite(node.left)] : [];
}

/** A row of a policy: an object with the members `id` and `holds` (packages/policy-list). */
function isRule(node: ast.Node): boolean {
  if (!ast.isObjectLiteralExpression(node)) return false;
  const names = node.properties.map((property) =>
    "name" in property && property.name && ast.isIdentifier(property.name) ? property.name.text : "",
  );
  return names.includes("id") && names.includes("holds");
}

/** Whether a statement ends with a throw or a return. */
function leaves(statement: ast.Statement): boolean {
  if (!ast.isBlock(statement)) return ast.isThrowStatement(statement) || ast.isReturnStatement(statement);
  const last = statement.statements.at(-1);
  return last !== undefined && leaves(last);
}

function nameOf(node: ast.Node, file: ast.SourceFile): string | undefined {
  const isNamed = ast.isFunctionDeclaration(node) || ast.isMethodDeclaration(node);
  const named =
    isNamed || (ast.isVariableDeclaration(node) && node.initializer && ast.isArrowFunction(node.initializer));
  if (!named || !("name" in node)) return undefined;
  const { name } = node as { name?: ast.Node };
  return name && file.text.slice(name.getStart(file), name.end);
}
