import { Router } from "express";
import type { MailCatcher } from "mail-catcher/catcher";
import { demoPaths } from "../../../src/demo/tenants.ts";
import type { DemoSurroundings } from "./story/routes.ts";

/**
 * Adds the page with the mails that the application sent in the demo, and a link to it. The links in them sign people in:
 * for a demo on this machine only.
 */
export function withMailPage(
  { dress, extraRoutes }: DemoSurroundings,
  { mails }: MailCatcher,
): DemoSurroundings {
  const router = Router();
  router.get(demoPaths.mail, (_req, res) => {
    res.set("Cache-Control", "no-store");
    res.render("demo/mail", { title: "Mail", mails: mails.toReversed() });
  });
  return {
    extraRoutes: router.use(extraRoutes),
    dress(req, res, next) {
      dress(req, res, (error?: unknown) => {
        res.locals.demo.mailPage = demoPaths.mail;
        next(error);
      });
    },
  };
}
