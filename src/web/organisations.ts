/**
 * Several organisations in one browser: the switcher, and the rule that a form acts in the organisation of its page
 * (docs/decisions/0075).
 */
import { type Request, type Response, Router } from "express";
import { paths } from "../endpoints.ts";
import { answerForm } from "./answers.ts";
import { landingPath } from "./home.ts";
import { formField, mayHaveParked, organisationField } from "./request.ts";

type Rendered = (error: Error | null, html?: string) => void;
export type Render = (view: string, options?: object | Rendered, callback?: Rendered) => void;

/**
 * Writes the organisation of the signed-in person into each form of a page, and gives pages the other organisations of this
 * browser. Here, in one place, so that no form can forget it.
 */
export function renderMarked(req: Request, res: Response, render: Render): Render {
  return (view, options, callback) => {
    const [locals, given] =
      typeof options === "function" ? [{}, options as Rendered] : [options ?? {}, callback];
    const done: Rendered = given ?? ((error, html) => (error ? req.next?.(error) : void res.send(html)));
    const show = () =>
      render(view, locals, (error, html) => done(error, html && marked(html, req.person?.tenant.id)));
    const parkedSessions = mayHaveParked(req) ? req.parkedSessions?.() : undefined;
    if (!parkedSessions || parkedSessions.ids().length === 0) {
      show();
      return;
    }
    parkedSessions
      .active()
      .then((organisations) => {
        res.locals.organisations = organisations;
      })
      // An error page is also rendered if the database does not answer.
      .catch((error: unknown) => req.log.warn({ err: error }, "organisations.not_read"))
      .then(show)
      .catch((error: unknown) => req.next?.(error));
  };
}

const localForm = /<form\b(?=[^>]*\bmethod="post")(?![^>]*\baction="(?:[a-z]+:|\/\/))[^>]*>/gi;

/** Adds the field to all forms that are posted to this site. */
function marked(html: string, tenantId: string | undefined): string {
  if (tenantId === undefined) return html;
  return html.replace(
    localForm,
    (form) => `${form}<input type="hidden" name="${organisationField}" value="${tenantId}">`,
  );
}

/** Lets a person go on in another organisation in which this browser is signed in. */
export function organisationRoutes(): Router {
  const router = Router();
  router.post(paths.switchOrganisation, async (req, res) => {
    const wanted = formField(req, "organisation");
    if (req.person?.tenant.id === wanted) return res.redirect(303, landingPath);
    const parked = req.parkedSessions?.();
    const target = (await parked?.active())?.find(({ tenant }) => tenant.id === wanted);
    if (!parked || !target || !(await parked.makeCurrent(req, target.id)))
      return res.redirect(303, `${paths.login}?${new URLSearchParams({ another: "1", ended: "1" })}`);
    req.log.info({ tenantId: target.tenant.id, userId: target.user.id }, "session.switched");
    const text = `You are in ${target.tenant.name} now.`;
    await answerForm(req, res, landingPath, { kind: "done", text, at: null });
  });
  return router;
}
