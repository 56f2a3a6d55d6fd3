import { type Request, Router } from "express";
import { z } from "zod";
import {
  type Invitee,
  invitationDays,
  invitePerson,
  resendInvitation,
  revokeInvitation,
  type SentInvitation,
} from "../directory/invitations.ts";
import { checkPersonalNames, longestPersonalName } from "../directory/names.ts";
import { checkEmail } from "../directory/tenants.ts";
import { paths } from "../endpoints.ts";
import { InvalidError } from "../errors.ts";
import { type Role, roles } from "../model.ts";
import { rateLimiter } from "../store/rate-limits.ts";
import { answerChange, answerProblems, type FormSuccess, submittedForm } from "../web/answers.ts";
import { signedIn, storeOf } from "../web/guards.ts";
import { adminEntry, administrator, makeChange, pathParameter } from "./change.ts";
import type { AdminDeps } from "./deps.ts";
import { FormReader } from "./form-reader.ts";
import { pageSize, readPosition, withQuery, writePosition } from "./paging.ts";
import { personName } from "./person-facts.ts";

const position = z.object({ sentAt: z.int(), userId: z.string().max(100) });
/** Invitations that a tenant may send in a day: its administrators could otherwise send mail to everyone. */
const perDay = 100;
const emptyForm = { values: { role: "member" }, problems: {}, notes: {} };

/** Invitations: the form, and those that no one accepted yet. Without mail, the page shows each link once, to copy. */
export function invitationRoutes({ database, baseUrl, mails }: AdminDeps): Router {
  const router = Router();
  const page = paths.admin.invitations;
  const limit = rateLimiter(database, { name: "invitations", points: perDay, seconds: 86_400 });

  router.get(page, async (req, res) => {
    const after = readPosition(req.query.after, position);
    const found = await storeOf(req, database).invitations.page(after, pageSize + 1);
    const invitations = found.slice(0, pageSize);
    const last = found.length > pageSize ? invitations.at(-1) : undefined;
    res.render("admin/invitations", {
      title: "Invite people",
      stylesheets: ["lists.css"],
      form: submittedForm(res, "invite") ?? emptyForm,
      offered: rolesFor(req),
      invitations,
      personName,
      invitationDays,
      longestPersonalName,
      now: Date.now(),
      firstPage: after ? page : null,
      nextPage: last
        ? withQuery(page, { after: writePosition({ sentAt: last.sentAt, userId: last.userId }) })
        : null,
    });
  });

  /** Sends an invitation and records it. The answer has the link where mail is off. */
  async function send(
    req: Request,
    action: string,
    work: (inviting: Parameters<typeof invitePerson>[0]) => Promise<SentInvitation>,
  ): Promise<FormSuccess> {
    const { tenant } = signedIn(req);
    const wait = await limit.use(tenant.id);
    if (wait > 0) {
      const when = `in ${Math.ceil(wait / 3600)} hours`;
      throw new InvalidError(`${perDay} invitations were sent in a day. Invite more people ${when}.`);
    }
    const sent = await database.transaction(async (joined) => {
      const done = await work({ joined, tenantId: tenant.id, by: administrator(req), mails });
      await storeOf(req, joined).activity.record(adminEntry(req, action, done.user.id));
      return done;
    });
    return successOf(sent, baseUrl);
  }

  router.post(page, async (req, res) => {
    const form = new FormReader(req);
    const invitee = readInvitee(form, rolesFor(req));
    if (invitee === null) return await answerProblems({ req, res }, { page, at: "invite" }, form);
    await answerChange({ req, res }, { page, at: "invite", entered: form.values }, () =>
      send(req, "user.invited", (inviting) => invitePerson(inviting, invitee)),
    );
  });

  router.post(`${paths.admin.invitation(":user")}/resend`, async (req, res) => {
    const userId = pathParameter(req, "user");
    await answerChange({ req, res }, { page, at: "invite" }, () =>
      send(req, "user.invitation_resent", (inviting) => resendInvitation(inviting, userId)),
    );
  });

  router.post(`${paths.admin.invitation(":user")}/revoke`, async (req, res) => {
    const userId = pathParameter(req, "user");
    await makeChange(
      { req, res, database },
      {
        entry: adminEntry(req, "user.invitation_revoked", userId),
        apply: (store) => revokeInvitation(store, administrator(req), userId),
        done: "The invitation is revoked. Its link no longer works.",
        page,
        at: "invitations",
      },
    );
  });

  return router;
}

/** The roles that the administrator may give: only owners make owners. */
function rolesFor(req: Request): readonly Role[] {
  return signedIn(req).role === "owner" ? roles : roles.filter((role) => role !== "owner");
}

/** Null if there is a problem, which the form then has. */
function readInvitee(form: FormReader, offered: readonly Role[]): Invitee | null {
  const [email, givenName, familyName] = [
    form.text("email"),
    form.text("givenName") || null,
    form.text("familyName") || null,
  ];
  const role = offered.find((one) => one === form.text("role"));
  const check = (field: string, run: () => void) => {
    try {
      run();
    } catch (error) {
      form.addProblem(field, error);
    }
  };
  check("email", () => checkEmail(email));
  check("givenName", () => checkPersonalNames({ givenName, familyName: null }));
  check("familyName", () => checkPersonalNames({ givenName: null, familyName }));
  if (!role) form.problems.role = "Choose one of the roles.";
  return form.isValid && role ? { email, givenName, familyName, role } : null;
}

function successOf({ user, token }: SentInvitation, baseUrl: string): FormSuccess {
  const name = personName(user);
  if (token === null)
    return { text: `${name} gets a mail with a link. It works for ${invitationDays} days.` };
  const text = `Send this link to ${name}. It is shown only once, and works for ${invitationDays} days.`;
  return { text, secrets: { link: baseUrl + paths.setup(token) } };
}
