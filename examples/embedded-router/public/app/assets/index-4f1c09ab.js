const dot =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='8' height='8'%3E%3Ccircle cx='4' cy='4' r='4' fill='green'/%3E%3C/svg%3E";

async function show() {
  const [me, invoices] = await Promise.all(
    ["/me", "/invoices"].map((url) => fetch(url).then((answer) => answer.json())),
  );
  const root = document.querySelector("#root");
  const heading = document.createElement("h1");
  heading.textContent = `Invoices of ${me.tenant.name}`;
  const picture = Object.assign(document.createElement("img"), { src: dot, alt: "" });
  const list = document.createElement("ul");
  for (const { number, total } of invoices) {
    const item = document.createElement("li");
    item.textContent = `${number}: ${total}`;
    list.append(item);
  }
  const add = document.createElement("button");
  add.textContent = "Add an invoice";
  add.addEventListener("click", async () => {
    const headers = { "Content-Type": "application/json" };
    await fetch("/invoices", { method: "POST", headers, body: JSON.stringify({ total: 100 }) });
    await show();
  });
  root.replaceChildren(picture, heading, list, add);
}

await show();
