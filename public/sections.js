/** On a phone the sections are in a scrolling row: scrolls the current one into view. */
document.querySelector(".sections [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
