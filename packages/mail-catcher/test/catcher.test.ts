import assert from "node:assert/strict";
import { type MailCatcher, startMailCatcher } from "mail-catcher/catcher";
import { createTransport } from "nodemailer";

const letter = {
  from: "Product <no-reply@product.example>",
  to: "ada@acme.example",
  bcc: "audit@acme.example",
  subject: "Your invitation",
  text: "Open https://product.example/set-up/abc within 72 hours.",
  html: "<p>Hello</p>",
};

describe("the mail catcher", () => {
  let catcher: MailCatcher;
  afterEach(() => catcher.close());

  const send = async (more = {}) => {
    await createTransport(catcher.url).sendMail({ ...letter, ...more });
  };

  it("keeps what it takes, with the recipients of the conversation and the links of the text", async () => {
    catcher = await startMailCatcher();
    await send();
    const [mail] = catcher.mails;
    assert.deepEqual(mail?.recipients, ["ada@acme.example", "audit@acme.example"]);
    assert.deepEqual(mail.links, ["https://product.example/set-up/abc"]);
    assert.deepEqual(
      [mail.from, mail.subject, mail.headers.get("to")],
      [letter.from, letter.subject, [letter.to]],
    );
    assert.match(mail.html, /Hello/);
  });

  it("forgets all but the last 50", async () => {
    catcher = await startMailCatcher();
    for (let count = 1; count <= 52; count++) await send({ subject: `${count}` });
    const subjects = catcher.mails.map(({ subject }) => subject);
    assert.deepEqual([subjects.length, subjects[0], subjects.at(-1)], [50, "3", "52"]);
  });

  it("refuses a recipient if its options say so", async () => {
    catcher = await startMailCatcher({
      onRcptTo: (_address, _session, done) => done(new Error("no such person")),
    });
    await assert.rejects(send(), /no such person/);
    assert.deepEqual(catcher.mails, []);
  });
});
