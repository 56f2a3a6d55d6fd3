import { once } from "node:events";
import { isIP } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import type { Product } from "../product.ts";
import { wizardUrls } from "../wizard-urls.ts";
import { soonMs } from "./certificate.ts";
import { cookieProblems, cookiesSeen } from "./cookies.ts";
import { asksForPassword } from "./markup.ts";
import type { CheckReport } from "./report.ts";
import { isLoopback, shown, type Web, type WebAnswer } from "./web.ts";

const timeoutMs = 10_000;

/** The context of every check of a deployment. */
export interface SiteCheck {
  /** The deployment's public origin. */
  url: string;
  product: Product;
  web: Web;
  report: CheckReport;
}

export async function checkSite({ url, product, web, report }: SiteCheck): Promise<void> {
  if (isLoopback(url)) {
    const why = `${url} is on this machine`;
    for (const rule of [
      "site-https",
      "site-certificate",
      "site-tls-version",
      "site-hsts",
      "site-origin",
    ] as const)
      report.notCheckable(rule, why);
  } else {
    report.judge("site-https", url.startsWith("https:"), url);
    report.judge(
      "site-origin",
      product.manifest.origin === url,
      `config/integration.ts says ${product.manifest.origin}`,
    );
    if (url.startsWith("https:")) await judgeTls(url, report);
  }
  const { pathname } = new URL(wizardUrls(product).accountUrl);
  const answer = await web.send(url + pathname);
  report.judge("site-reachable", answer.status < 500, shown(answer));
  const hasForm = answer.status === 200 && asksForPassword(answer.text);
  report.judge("site-account-url", hasForm, `${shown(answer)}${hasForm ? "" : ", without a password field"}`);
  const faults = cookieProblems(answer, url, "page");
  report.judge("site-cookies", faults.length === 0, faults.join("; ") || cookiesSeen(answer));
  if (url.startsWith("https:") && !isLoopback(url)) judgeHsts(answer, report);
}

function judgeHsts({ headers }: WebAnswer, report: CheckReport): void {
  const policy = headers.get("strict-transport-security") ?? "";
  const seconds = Number(/max-age="?(\d+)/i.exec(policy)?.[1] ?? 0);
  report.judge("site-hsts", seconds > 0, `Strict-Transport-Security is ${policy || "absent"}`);
}

/** Judges the server's certificate and the TLS version that it negotiates. */
async function judgeTls(url: string, report: CheckReport): Promise<void> {
  const { hostname: bracketed, port } = new URL(url);
  const hostname = bracketed.replace(/^\[|\]$/g, "");
  const socket = connect({
    host: hostname,
    port: Number(port || 443),
    ...(isIP(hostname) ? {} : { servername: hostname }),
    // Connect even with an untrusted certificate or an old version, so that the rules can judge them.
    rejectUnauthorized: false,
    minVersion: "TLSv1",
    ciphers: "DEFAULT@SECLEVEL=0",
  });
  try {
    await once(socket, "secureConnect", { signal: AbortSignal.timeout(timeoutMs) });
    const problem = socket.authorizationError;
    const until = Date.parse(socket.getPeerCertificate().valid_to);
    const seen = problem ? `not trusted: ${problem.message ?? problem}` : `valid until ${day(until)}`;
    const trusted = report.judge("site-certificate", !problem, seen);
    if (trusted && until - Date.now() < soonMs)
      report.warn("site-certificate", `it ends soon: ${day(until)}`);
    judgeVersion(socket, report);
  } catch (error) {
    report.judge(
      "site-certificate",
      false,
      `no TLS connection: ${error instanceof Error ? error.message : error}`,
    );
  } finally {
    socket.destroy();
  }
}

function judgeVersion(socket: TLSSocket, report: CheckReport): void {
  const version = socket.getProtocol() ?? "unknown";
  report.judge("site-tls-version", ["TLSv1.2", "TLSv1.3"].includes(version), version);
}

function day(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
