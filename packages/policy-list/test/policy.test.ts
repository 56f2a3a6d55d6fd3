import assert from "node:assert/strict";
import { judge, outcomes, type Rule, RuleBrokenError } from "policy-list/policy";

interface Facts {
  age: number;
  asked: string[];
}

const rule = (id: string, atLeast: number): Rule<Facts, "too-young"> => ({
  id,
  name: `At least ${atLeast}`,
  citation: "none",
  reason: "too-young",
  holds({ age, asked }) {
    asked.push(id);
    return age >= atLeast;
  },
  found: ({ age }) => `${age}`,
});
const rules = [rule("child", 6), rule("teen", 13), rule("adult", 18)];

describe("a policy", () => {
  it("applies every rule, in the order of the list", () => {
    const asked: string[] = [];
    judge(rules, { age: 18, asked });
    assert.deepEqual(asked, ["child", "teen", "adult"]);
  });

  it("stops at the first rule that does not hold, and names it with the values found", () => {
    const asked: string[] = [];
    assert.throws(
      () => judge(rules, { age: 10, asked }),
      (error) => {
        assert.ok(error instanceof RuleBrokenError);
        assert.deepEqual([error.rule.id, error.rule.reason, error.found], ["teen", "too-young", "10"]);
        assert.equal(error.message, "At least 13: 10");
        return true;
      },
    );
    assert.deepEqual(asked, ["child", "teen"]);
  });

  it("gives only the rule's name if the rule has no values to add", () => {
    const { found: _, ...plain } = rule("plain", 6);
    assert.throws(() => judge([plain], { age: 1, asked: [] }), { message: "At least 6", found: null });
  });

  it("derives the outcome of each rule from the broken one", () => {
    const ended = outcomes(rules, { ruleId: "teen", found: "10" });
    assert.deepEqual(
      ended.map(({ id, outcome, found }) => [id, outcome, found]),
      [
        ["child", "passed", null],
        ["teen", "failed", "10"],
        ["adult", "unread", null],
      ],
    );
    assert.ok(outcomes(rules, null).every(({ outcome }) => outcome === "passed"));
  });
});
