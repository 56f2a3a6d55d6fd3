/** The part of autocannon that throughput.ts uses: the package has no types. */
declare module "autocannon" {
  interface Request {
    method: string;
    path: string;
    headers: Record<string, string>;
  }
  interface Options {
    url: string;
    connections: number;
    /** Seconds. */
    timeout: number;
    /** Ends the run after so many seconds, */
    duration?: number;
    /** or after so many requests. */
    amount?: number;
    requests: { setupRequest(request: Request): Request }[];
  }
  interface Result {
    duration: number;
    errors: number;
    timeouts: number;
    non2xx: number;
    "2xx": number;
  }
  export default function autocannon(options: Options): Promise<Result>;
}
