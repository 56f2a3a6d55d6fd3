import { createHmac, timingSafeEqual } from "node:crypto";
import express, { type RequestHandler, Router } from "express";
import { requireSignIn, signedIn } from "../../../src/web/guards.ts";
import type { HostRouter } from "../../../src/web/host-routers.ts";

interface Invoice {
  tenantId: string;
  number: number;
  total: number;
  paid: boolean;
}

/**
 * The router of a product, as it was: JSON of up to a megabyte, and a webhook whose signature covers the body's bytes. New is
 * the tenant, which each statement filters by. A product has a table where this has a list.
 */
function invoiceRouter(webhookSecret: string): RequestHandler {
  const invoices: Invoice[] = [];
  const router = Router();

  router.post("/invoices/webhook", express.raw({ type: () => true, limit: "1mb" }), (req, res) => {
    const signature = createHmac("sha256", webhookSecret).update(req.body).digest();
    const sent = Buffer.from(req.get("x-signature") ?? "", "hex");
    if (sent.length !== signature.length || !timingSafeEqual(sent, signature))
      return void res.sendStatus(401);
    const { tenantId, number } = JSON.parse(String(req.body)) as Invoice;
    const invoice = invoices.find((one) => one.tenantId === tenantId && one.number === number);
    if (invoice) invoice.paid = true;
    res.sendStatus(204);
  });

  router.use(requireSignIn, express.json({ limit: "1mb" }));

  router.get("/invoices", (req, res) => {
    const { tenant } = signedIn(req);
    res.json(invoices.filter(({ tenantId }) => tenantId === tenant.id));
  });

  router.post("/invoices", (req, res) => {
    const total = Number(req.body?.total);
    if (!(total > 0)) return void res.status(422).json({ error: "An invoice needs a total." });
    const invoice = { tenantId: signedIn(req).tenant.id, number: invoices.length + 1, total, paid: false };
    invoices.push(invoice);
    res.status(201).json(invoice);
  });
  return router;
}

export const invoices = (webhookSecret: string): HostRouter => ({
  folders: ["invoices"],
  router: invoiceRouter(webhookSecret),
  bodies: "router",
  // For the webhook. A request of another site has no session, so that requireSignIn refuses it everywhere else.
  origins: "any",
});
