/** A change of a connection's settings: who made it, and the network address that it came from. */
interface ConnectionEdit {
  at: number;
  /** A login name, the guest of a set-up link, or the operator. */
  by: string;
  from: string | null;
}

/** Who changed what somebody enters of a connection: an owner sees it before they switch it on. */
export interface ConnectionEdits {
  /** The last change of what somebody enters; null when nothing was changed since it was created. */
  edited: ConnectionEdit | null;
  /** The last change that the guest of a set-up link made, until the connection is switched on. */
  guestEdit: Omit<ConnectionEdit, "by"> | null;
  /** Until then the guests of its set-up links change nothing, because an owner reviews the settings; null: they may. */
  guestsFrozenUntil: number | null;
  /** How often a client secret was entered; 0 when there is none. It stands for the secret, which is never shown. */
  secretVersion: number;
}
