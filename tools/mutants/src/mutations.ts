import { join } from "node:path";
import * as ast from "typescript/unstable/ast";
import { API } from "typescript/unstable/sync";
import { hasEveryConditionTurned } from "./rooms.ts";

/** One change of one place. */
export interface Mutant {
  path: string;
  /** From 1. */
  line: number;
  /** The function or method around it, "" at the top of a file. */
  inside: string;
  /** What stands there, in one line, and what is put there. */
  code: string;
  change: "never" | "opposite" | "gone";
  /** From this offset to that one, in UTF-16 units, `replacement` is put. */
  start: number;
  end: number;
  replacement: string;
}

type Place = Pick<Mutant, "change"> & { node: ast.Node; replacement: (text: string) => string };

/** The mutants of some files, in the order of their lines. The files are relative to `root`, which is the working folder. */
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
    for (const { node: place, change, replacement } of placesAt(node, hasEveryConditionTurned(path))) {
      const start = place.getStart(file);
      const text = file.text.slice(start, place.end);
      const line = file.text.slice(0, start).split("\n").length;
      const code = text.replaceAll(/\s+/g, " ");
      found.push({
        path,
        line,
        inside: name,
        code,
        change,
        start,
        end: place.end,
        replacement: replacement(text),
      });
    }
    // A visitor that returns something ends the walk.
    node.forEachChild((child) => {
      visit(child, name);
    });
  };
  visit(file, "");
  return found;
}

const opposite = (node: ast.Node): Place => ({
  node,
  change: "opposite",
  replacement: (text) => `!(${text})`,
});

function placesAt(node: ast.Node, everyCondition: boolean): Place[] {
  if (isDemand(node)) return [{ node, change: "gone", replacement: () => "void 0" }];
  // A test that notices that a refusal is gone would notice its opposite too, which also refuses what is right.
  if (ast.isIfStatement(node) && leaves(node.thenStatement))
    return [{ node: node.expression, change: "never", replacement: (text) => `false && (${text})` }];
  if (!everyCondition) return [];
  if (ast.isIfStatement(node)) return [opposite(node.expression)];
  if (ast.isConditionalExpression(node)) return [opposite(node.condition)];
  const isGuard =
    ast.isBinaryExpression(node) && node.operatorToken.kind === ast.SyntaxKind.AmpersandAmpersandToken;
  return isGuard ? [opposite(node.left)] : [];
}

/** `demand(…)`, and the same as a method. */
function isDemand(node: ast.Node): boolean {
  if (!ast.isCallExpression(node)) return false;
  const called = node.expression;
  if (ast.isPropertyAccessExpression(called)) return called.name.text === "demand";
  return ast.isIdentifier(called) && called.text === "demand";
}

/** It throws or returns at its end. */
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
