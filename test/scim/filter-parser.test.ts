import assert from "node:assert/strict";
import fc from "fast-check";
import { ScimError } from "scim-server/errors";
import {
  type AttributePath,
  type CompareOperator,
  type Filter,
  type FilterValue,
  parseFilter,
  parsePath,
} from "scim-server/grammar";

const coreUrn = "urn:ietf:params:scim:schemas:core:2.0:User";
const enterpriseUrn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/** `at("name.givenName")`; the second argument is a URN. */
function at(dotted: string, schema: string | null = null): AttributePath {
  const [attribute = "", subAttribute = null] = dotted.split(".");
  return { schema, attribute, subAttribute };
}
const is = (
  path: string | AttributePath,
  operator: CompareOperator,
  value: FilterValue,
): Filter & { kind: "compare" } => ({
  kind: "compare",
  path: typeof path === "string" ? at(path) : path,
  operator,
  value,
});
const has = (path: string): Filter => ({ kind: "present", path: at(path) });
const and = (...operands: Filter[]): Filter => ({ kind: "and", operands });
const or = (...operands: Filter[]): Filter => ({ kind: "or", operands });
const not = (operand: Filter): Filter => ({ kind: "not", operand });
const element = (path: string, where: Filter): Filter => ({ kind: "element", path: at(path), where });

const work = is("type", "eq", "work");
const repeated = (count: number, text: string, between: string) => Array(count).fill(text).join(between);

const valid: [string, Filter][] = [
  // RFC 7644 §3.4.2.2, figure 2, line by line.
  ['userName eq "bjensen"', is("userName", "eq", "bjensen")],
  [`name.familyName co "O'Malley"`, is("name.familyName", "co", "O'Malley")],
  ['userName sw "J"', is("userName", "sw", "J")],
  [`${coreUrn}:userName sw "J"`, is(at("userName", coreUrn), "sw", "J")],
  ["title pr", has("title")],
  ['meta.lastModified gt "2011-05-13T04:42:34Z"', is("meta.lastModified", "gt", "2011-05-13T04:42:34Z")],
  ['meta.lastModified ge "2011-05-13T04:42:34Z"', is("meta.lastModified", "ge", "2011-05-13T04:42:34Z")],
  ['meta.lastModified lt "2011-05-13T04:42:34Z"', is("meta.lastModified", "lt", "2011-05-13T04:42:34Z")],
  ['meta.lastModified le "2011-05-13T04:42:34Z"', is("meta.lastModified", "le", "2011-05-13T04:42:34Z")],
  ['title pr and userType eq "Employee"', and(has("title"), is("userType", "eq", "Employee"))],
  ['title pr or userType eq "Intern"', or(has("title"), is("userType", "eq", "Intern"))],
  [`schemas eq "${enterpriseUrn}"`, is("schemas", "eq", enterpriseUrn)],
  [
    'userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")',
    and(
      is("userType", "eq", "Employee"),
      or(is("emails", "co", "example.com"), is("emails.value", "co", "example.org")),
    ),
  ],
  [
    'userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org")',
    and(
      is("userType", "ne", "Employee"),
      not(or(is("emails", "co", "example.com"), is("emails.value", "co", "example.org"))),
    ),
  ],
  [
    'userType eq "Employee" and (emails.type eq "work")',
    and(is("userType", "eq", "Employee"), is("emails.type", "eq", "work")),
  ],
  [
    'userType eq "Employee" and emails[type eq "work" and value co "@example.com"]',
    and(is("userType", "eq", "Employee"), element("emails", and(work, is("value", "co", "@example.com")))),
  ],
  [
    'emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "@foo.com"]',
    or(
      element("emails", and(work, is("value", "co", "@example.com"))),
      element("ims", and(is("type", "eq", "xmpp"), is("value", "co", "@foo.com"))),
    ),
  ],
  // Names and operators in any case; names keep their spelling.
  ['USERNAME EQ "x"', is("USERNAME", "eq", "x")],
  ['userName Sw "x"', is("userName", "sw", "x")],
  ['a ew "x"', is("a", "ew", "x")],
  ["a PR", has("a")],
  ["a pr AND b pr OR NOT (c pr)", or(and(has("a"), has("b")), not(has("c")))],
  ["a-b_9 pr", has("a-b_9")],
  ['manager.$ref eq "x"', is("manager.$ref", "eq", "x")],
  ['$ref eq "x"', is("$ref", "eq", "x")],
  [`${enterpriseUrn}:manager.value eq "1"`, is(at("manager.value", enterpriseUrn), "eq", "1")],
  // A dot after a URN: resolveAttribute(), which knows the URNs, reads "User" as a part of one.
  [`${enterpriseUrn}.manager eq "1"`, is(at("User.manager", enterpriseUrn.replace(/:User$/, "")), "eq", "1")],
  [`${enterpriseUrn}.manager.value eq "1"`, is(at("manager.value", enterpriseUrn), "eq", "1")],
  ["urn:acme:2.0.badge eq 1", is(at("badge", "urn:acme:2.0"), "eq", 1)],
  ["urn:acme:2.0.chief.value eq 1", is(at("chief.value", "urn:acme:2.0"), "eq", 1)],
  [`${enterpriseUrn.toUpperCase()}:x eq 1`, is(at("x", enterpriseUrn.toUpperCase()), "eq", 1)],
  // Names that begin like keywords.
  ["trueName pr and nullable pr", and(has("trueName"), has("nullable"))],
  ["notes pr and android pr or order pr", or(and(has("notes"), has("android")), has("order"))],
  // Values.
  ["active eq true", is("active", "eq", true)],
  ["active eq FALSE", is("active", "eq", false)],
  ["active eq True", is("active", "eq", true)],
  ["title eq null", is("title", "eq", null)],
  ["title ne Null", is("title", "ne", null)],
  ["a eq 0", is("a", "eq", 0)],
  ["a gt -1", is("a", "gt", -1)],
  ["a le 12.50", is("a", "le", 12.5)],
  ["a eq 1e3", is("a", "eq", 1000)],
  ["a eq -1.5E+2", is("a", "eq", -150)],
  ["a eq 2e-2", is("a", "eq", 0.02)],
  ['a eq ""', is("a", "eq", "")],
  ['a eq " x "', is("a", "eq", " x ")],
  ['a eq "true"', is("a", "eq", "true")],
  [String.raw`a eq "\"\\\/\b\f\n\r\t"`, is("a", "eq", '"\\/\b\f\n\r\t')],
  [String.raw`a eq "\u00e9\u00E9"`, is("a", "eq", "éé")],
  [String.raw`a eq "\ud83d\ude00"`, is("a", "eq", "😀")],
  ['a eq "😀 é 日本"', is("a", "eq", "😀 é 日本")],
  ['a eq "x and y) or (z] \' ; --"', is("a", "eq", "x and y) or (z] ' ; --")],
  ['a eq "\u007f\u0085"', is("a", "eq", "\u007f\u0085")],
  ['displayName eq "Sales and Marketing"', is("displayName", "eq", "Sales and Marketing")],
  // Precedence, parentheses, white space.
  ["a pr or b pr and c pr", or(has("a"), and(has("b"), has("c")))],
  ["a pr and b pr or c pr", or(and(has("a"), has("b")), has("c"))],
  ["(a pr or b pr) and c pr", and(or(has("a"), has("b")), has("c"))],
  ["not (a pr) and b pr", and(not(has("a")), has("b"))],
  ["not(a pr and b pr)", not(and(has("a"), has("b")))],
  ["not (not (a pr))", not(not(has("a")))],
  ["((a pr))", has("a")],
  ["  (  a   pr )\t\r\n", has("a")],
  ["a pr and b pr and c pr", and(has("a"), has("b"), has("c"))],
  ["a pr or b pr or c pr", or(has("a"), has("b"), has("c"))],
  [`${"(".repeat(12)}a pr${")".repeat(12)}`, has("a")],
  [repeated(40, "a pr", " or "), or(...Array(40).fill(has("a")))],
  // Value paths.
  ["emails[ type pr ]", element("emails", has("type"))],
  ['emails[not (type eq "work")]', element("emails", not(work))],
  [
    'emails[(type eq "work" or primary eq true) and value pr]',
    element("emails", and(or(work, is("primary", "eq", true)), has("value"))),
  ],
  ['emails[value eq "a]b"]', element("emails", is("value", "eq", "a]b"))],
  ['not (emails[type eq "work"])', not(element("emails", work))],
  ['emails[type eq "work"].value eq "x"', element("emails", and(work, is("value", "eq", "x")))],
  ['emails[type eq "work"].value pr', element("emails", and(work, has("value")))],
];

const invalid: string[] = [
  ...["", " ", "userName", "userName eq", "eq", 'eq "x"', '"x"', "pr", "userName pr pr", "userName is 1"],
  ...[
    'userName eq "x',
    'userName eq x"',
    "userName eq x",
    "userName eq 'x'",
    'userName "x"',
    "userName eq eq",
  ],
  ...['userName eq"x"', 'userName= "x"', 'userName eq "x""y"', 'userName eq "x" "y"', 'a eq "x"and b pr'],
  ...["a pr and", "and a pr", "a pr and and b pr", "a pr b pr", "a pr or", "a pr xor b pr", "a prand b pr"],
  ...["(a pr", "a pr)", "()", "((a pr)", "not a pr", "not", "not ()", "(a pr) (b pr)", "(a pr)and (b pr)"],
  ...["a pr and(b pr)", "a.b.c pr", "a. pr", ".a pr", "9a pr", "-a pr", "a$b pr", "$a pr", "a:b pr", "é pr"],
  ...[
    "urn: pr",
    "urn:: pr",
    "urn:a: pr",
    "a b eq 1",
    "a\u00a0pr",
    "a eq +1",
    "a eq 01",
    "a eq 1.",
    "a eq .5",
  ],
  ...[
    "a eq 1e",
    "a eq 1e999",
    "a eq 0x10",
    "a eq NaN",
    "a eq Infinity",
    "a eq undefined",
    "a eq []",
    "a eq {}",
  ],
  ...[
    'a eq "\n"',
    'a eq "\t"',
    'a eq "\0"',
    String.raw`a eq "\x"`,
    String.raw`a eq "\u12"`,
    String.raw`a eq "\u00g0"`,
  ],
  ...[String.raw`a eq "\u0000"`, String.raw`a eq "\ud800"`, 'a eq "\ud800"', String.raw`a eq "\ude00\ud83d"`],
  ...["emails[]", "emails[type pr", "emails type pr]", "emails[type pr)", "emails[type pr] pr", "[type pr]"],
  ...[
    "emails[a[b pr]]",
    "emails.value[type pr]",
    "emails[name.x pr]",
    "emails[urn:a:b pr]",
    "emails[type pr].value",
  ],
  ...[
    "emails[type pr].",
    "emails[type pr].a.b pr",
    "emails[type pr] .value pr",
    'emails[type eq "x"]and a pr',
  ],
  ...[
    "__proto__ pr",
    "constructor pr",
    "Prototype eq 1",
    "a.__PROTO__ pr",
    "urn:constructor:a pr",
    "urn:a:constructor pr",
  ],
  ...["a[constructor pr]", 'emails[type eq "x"].prototype pr', "a eq __proto__", "__PROTO__[a pr]"],
  ...[
    `${"(".repeat(13)}a pr${")".repeat(13)}`,
    repeated(41, "a pr", " and "),
    `a[${"(".repeat(12)}b pr${")".repeat(12)}]`,
  ],
  ...[`a eq "${"x".repeat(4096)}"`, `a eq "${"é".repeat(2045)}"`],
];

const paths: [string, ReturnType<typeof parsePath>][] = [
  ["members", { path: at("members"), where: null }],
  ["name.familyName", { path: at("name.familyName"), where: null }],
  ['addresses[type eq "work"]', { path: at("addresses"), where: work }],
  ['members[value eq "2819c223"]', { path: at("members"), where: is("value", "eq", "2819c223") }],
  ['emails[type eq "work"].value', { path: at("emails.value"), where: work }],
  [
    'phoneNumbers[type eq "work" and not (primary eq true)].$ref',
    { path: at("phoneNumbers.$ref"), where: and(work, not(is("primary", "eq", true))) },
  ],
  [`${coreUrn}:name.givenName`, { path: at("name.givenName", coreUrn), where: null }],
  [`${enterpriseUrn}:manager`, { path: at("manager", enterpriseUrn), where: null }],
  [`${coreUrn}:emails[type eq "work"].value`, { path: at("emails.value", coreUrn), where: work }],
  [`${coreUrn}.emails[type eq "work"].value`, { path: at("emails.value", coreUrn), where: work }],
  [`${enterpriseUrn}.manager.value`, { path: at("manager.value", enterpriseUrn), where: null }],
];

const invalidPaths = [
  ...[
    "",
    " ",
    "a b",
    "a eq 1",
    "a.b.c",
    "emails[",
    "emails[]",
    "emails[type]",
    "emails[type pr",
    "emails[type pr].",
    "9",
  ],
  ...[
    "emails[type pr]value",
    "emails[type pr] .value",
    "emails[type pr].a.b",
    "emails.value[type pr]",
    `${enterpriseUrn}:a.b.c.`,
    "a[b[c pr]]",
  ],
  ...[
    "__proto__",
    "a.constructor",
    "emails[prototype pr]",
    "emails[type pr].__proto__",
    `${coreUrn}:__proto__`,
    "a/b",
  ],
  ...[`a[${"(".repeat(12)}b pr${")".repeat(12)}]`, "a".repeat(4097), "emails[type pr][type pr]", "a, b"],
];

/** ScimError 400 with this keyword and a sentence as its detail. */
function refusal(scimType: string) {
  return (error: unknown) =>
    error instanceof ScimError &&
    error.status === 400 &&
    error.scimType === scimType &&
    /^The (filter|path) .+\.$/.test(error.message);
}

const shown = (text: string) => (text.length > 90 ? `${text.slice(0, 90)}…` : text || "(nothing)");

describe("parseFilter", () => {
  for (const [text, filter] of valid) {
    it(`reads ${shown(text)}`, () => assert.deepEqual(parseFilter(text), filter));
  }
  for (const text of invalid) {
    it(`refuses ${JSON.stringify(shown(text))}`, () => {
      assert.throws(() => parseFilter(text), refusal("invalidFilter"));
    });
  }

  it("says where the filter is wrong", () => {
    assert.throws(() => parseFilter('userName eq "x" and'), { message: /needs an attribute at its end/ });
    assert.throws(() => parseFilter("userName like 1"), { message: /needs an operator at character 10/ });
    for (const value of ["bjensen", "'bjensen'", "2026-01-01T00:00:00Z", "2819c223-7f76"])
      assert.throws(() => parseFilter(`userName eq ${value}`), {
        message: /needs .* a text in double quotes at character 13/,
      });
  });

  it("reads back every filter that can be written", () => {
    fc.assert(
      fc.property(filters, (filter) => assert.deepEqual(parseFilter(written(filter)), filter)),
      { numRuns: 500, seed: 1 },
    );
  });

  it("throws nothing but ScimError for any text", () => {
    const pieces = [
      "userName",
      " ",
      "eq",
      '"',
      "\\",
      "(",
      ")",
      "[",
      "]",
      "not",
      "and",
      ".",
      ":",
      "urn:",
      "1",
      "\0",
    ];
    const soup = fc.array(fc.constantFrom(...pieces, "pr", "\ud800", "é", "__proto__", '"x"'), {
      maxLength: 30,
    });
    const texts = fc.oneof(
      fc.string({ unit: "binary" }),
      soup.map((all) => all.join("")),
      soup.map((all) => all.join(" ")),
    );
    fc.assert(
      fc.property(texts, (text) => {
        for (const [parse, scimType] of [
          [parseFilter, "invalidFilter"],
          [parsePath, "invalidPath"],
        ] as const) {
          try {
            parse(text);
          } catch (error) {
            assert.ok(refusal(scimType)(error), String(error));
          }
        }
      }),
      { numRuns: 3000, seed: 2 },
    );
    assert.equal(Object.getPrototypeOf({}), Object.prototype);
    assert.deepEqual(Object.keys(Object.prototype), []);
  });

  // A quadratic parser would take hours for the longer text. A limit below one second would measure the machine.
  const quickMs = 1_000;
  for (const piece of [
    "(",
    '"',
    "\\",
    '"\\',
    "a",
    "a.",
    "urn:",
    "not (",
    "a pr and ",
    "a[",
    " ",
    'a eq "\\u00',
    ":",
    "é",
  ]) {
    it(`takes linear time for ${JSON.stringify(piece)} repeated`, () => {
      for (const length of [4096, 4_000_000]) {
        const text = piece.repeat(Math.floor(length / piece.length));
        const started = performance.now();
        assert.throws(() => parseFilter(text), ScimError);
        assert.throws(() => parsePath(`${text}]`), ScimError);
        const took = performance.now() - started;
        assert.ok(took < quickMs, `${took} ms`);
      }
    });
  }
});

describe("parsePath", () => {
  for (const [text, path] of paths) it(`reads ${text}`, () => assert.deepEqual(parsePath(text), path));
  for (const text of invalidPaths) {
    it(`refuses ${JSON.stringify(shown(text))}`, () => {
      assert.throws(() => parsePath(text), refusal("invalidPath"));
    });
  }
});

const leaves = fc
  .record({
    path: fc.constantFrom(at("a"), at("name.b"), at("$ref"), at("x", coreUrn), at("y.z", enterpriseUrn)),
    operator: fc.constantFrom<CompareOperator>("eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"),
    value: fc.oneof(
      fc.string({ unit: "grapheme", maxLength: 6 }).filter((text) => !text.includes("\0")),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (number === 0 ? 0 : number)),
      fc.boolean(),
      fc.constant(null),
    ),
    present: fc.boolean(),
  })
  .map(
    ({ present, ...rest }): Filter =>
      present ? { kind: "present", path: rest.path } : { kind: "compare", ...rest },
  );

const inBrackets = leaves.map((leaf) => ("path" in leaf ? { ...leaf, path: at("sub") } : leaf));

function grouped(leaf: fc.Arbitrary<Filter>): fc.Arbitrary<Filter> {
  const pair = fc.array(leaf, { minLength: 2, maxLength: 3 });
  return fc.oneof(
    leaf,
    pair.map((operands) => and(...operands)),
    pair.map((operands) => or(...operands)),
    leaf.map(not),
  );
}

const filters = grouped(
  grouped(
    fc.oneof(
      leaves,
      grouped(inBrackets).map((where) => element("emails", where)),
    ),
  ),
).filter(fits);

function fits(filter: Filter): boolean {
  return written(filter).length < 4000;
}

function written(filter: Filter): string {
  switch (filter.kind) {
    case "and":
    case "or":
      return filter.operands.map((operand) => `(${written(operand)})`).join(` ${filter.kind} `);
    case "not":
      return `not (${written(filter.operand)})`;
    case "element":
      return `${filter.path.attribute}[${written(filter.where)}]`;
    default: {
      const { schema, attribute, subAttribute } = filter.path;
      const path = `${schema ? `${schema}:` : ""}${attribute}${subAttribute ? `.${subAttribute}` : ""}`;
      return filter.kind === "present"
        ? `${path} pr`
        : `${path} ${filter.operator} ${JSON.stringify(filter.value)}`;
    }
  }
}
