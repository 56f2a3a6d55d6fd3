import type { Request, Response } from "express";
import type { Mails } from "../directory/mails.ts";
import { secondStepNeed } from "../directory/second-steps.ts";
import { giveNotice } from "../directory/security-notices.ts";
import type { User } from "../model.ts";
import type { Database } from "../store/database.ts";
import { forTenant } from "../store/tenant-store.ts";
import { type SealedStep, type SealedStepDeps, sealedStep } from "./sealed-step.ts";
import { startSession } from "./sessions.ts";

/** A sign-in whose password was right, and whose second step is still missing. */
export interface PendingLocalSignIn {
  tenantId: string;
  userId: string;
  accessEpoch: number;
  /** Whether the password was entered on this device before. */
  isKnownDevice: boolean;
  /** Where it leads: a path of this site. */
  returnTo: string;
}

/** A person whose password, or link, was right. */
interface ProvenPassword extends Pick<PendingLocalSignIn, "tenantId" | "isKnownDevice" | "returnTo"> {
  user: User;
}

/** The end of each sign-in without an identity provider. */
export interface LocalSignIns {
  pending: SealedStep<PendingLocalSignIn>;
  /**
   * Starts the session if no second step is missing. Otherwise the browser gets a pending sign-in, and the caller leads it to
   * the second step. Returns whether there is a session now.
   */
  afterPassword(req: Request, res: Response, proven: ProvenPassword): Promise<boolean>;
  /** Starts the session of a sign-in that is complete. */
  complete(req: Request, proven: Omit<ProvenPassword, "returnTo">): Promise<void>;
}

export function localSignIns(deps: SealedStepDeps & { database: Database; mails: Mails }): LocalSignIns {
  const { database, mails } = deps;
  const pending = sealedStep<PendingLocalSignIn>("second-step", deps);

  const complete: LocalSignIns["complete"] = async (req, { tenantId, user, isKnownDevice }) => {
    if (!isKnownDevice) await giveNotice(forTenant(database, tenantId), mails, "new-browser", { user });
    await startSession(req, { tenantId, user, connectionId: null });
  };

  return {
    pending,
    complete,
    async afterPassword(req, res, { user, ...proven }) {
      const { tenantId } = proven;
      const need = await secondStepNeed(forTenant(database, tenantId), user.id);
      if (need === "none") {
        await complete(req, { ...proven, user });
        return true;
      }
      pending.begin(res, { ...proven, userId: user.id, accessEpoch: user.accessEpoch });
      req.log.info({ tenantId, userId: user.id, need }, "sign_in.second_step");
      return false;
    },
  };
}
