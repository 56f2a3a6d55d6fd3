import type { Sequence, SequenceStep } from "../../../src/inspector/sequence.ts";

const laneWidth = 250;
const headHeight = 60;
const stepHeight = 56;
const margin = 16;

/** Colours for both schemes. The picture is a file, which does not see the page's tokens. */
const style = `<style>
  .paper { fill: #fff; stroke: #e0e3ee; } .lane { fill: #f0f2f8; stroke: #e0e3ee; } .life { stroke: #bfc2cd; }
  text { fill: #181b2c; font: 600 13px system-ui, sans-serif; text-anchor: middle; } .code { fill: #565c75; font-weight: 400; }
  .done { stroke: #17693a; fill: #17693a; } .problem { stroke: #b3261e; fill: #b3261e; }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #161a29; stroke: #282e44; } .lane { fill: #1d2235; stroke: #282e44; } .life { stroke: #454b63; }
    text { fill: #e9ebf5; } .code { fill: #a6acc5; }
    .done { stroke: #7fd8a6; fill: #7fd8a6; } .problem { stroke: #ff9d94; fill: #ff9d94; }
  }
</style>`;

/** Draws a sequence diagram as a file for documents. It has no durations, because they change with each recording. */
export function sequenceSvg({ lanes, steps }: Sequence, title: string): string {
  const width = lanes.length * laneWidth + 2 * margin;
  const height = headHeight + steps.length * stepHeight + margin;
  const middle = (id: string) => margin + (lanes.findIndex((lane) => lane.id === id) + 0.5) * laneWidth;
  const heads = lanes.map(({ id, name }) => {
    const x = middle(id);
    return `<path class="life" d="M${x} 44V${height - margin}"/><rect class="lane" x="${x - 75}" y="12" width="150" height="32" rx="8"/><text x="${x}" y="33">${escaped(name)}</text>`;
  });
  const arrows = steps.map((step, index) => arrow(step, headHeight + index * stepHeight, middle));
  const told = steps.map(({ label, verdict }) => `${label}: ${verdict}`).join("; ");
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title desc">
<title id="title">${escaped(title)}</title>
<desc id="desc">${escaped(told)}</desc>
${style}
<rect class="paper" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="12"/>
${heads.join("\n")}
${arrows.join("\n")}
</svg>
`;
}

function arrow(step: SequenceStep, top: number, middle: (lane: string) => number): string {
  const { from, to, label, code, verdict, carried } = step;
  const [start, end] = [middle(from), middle(to)];
  const y = top + 34;
  const back = end < start ? 10 : -10;
  const kind = verdict === "passed" ? "done" : "problem";
  const dashes = carried ? ' stroke-dasharray="6 5"' : "";
  const text = `${escaped(label)} <tspan class="code">${code ?? ""}</tspan>`;
  return `<path class="${kind}" d="M${start} ${y}H${end + back}" stroke-width="2"${dashes}/><path class="${kind}" d="M${end} ${y}l${back} -6v12z"/><text x="${(start + end) / 2}" y="${y - 10}">${text.trim()}</text>`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
