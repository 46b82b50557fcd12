// What the theme's large script did and this site still wants: the list of contents that follows the reader, the way back to
// the top, and folded blocks that open for the printer. The search page waits for words, and so its field has the focus.
// And the choice between terminal and Python, which a style sheet alone can make but not remember.
(() => {
  "use strict";

  const links = new Map(
    [...document.querySelectorAll("#pst-page-toc-nav a[href^='#']")].map((link) => [decodeURIComponent(link.hash.slice(1)), link]),
  );
  const sections = [...links.keys()].map((id) => document.getElementById(id)).filter(Boolean);
  const follow = () => {
    const passed = sections.filter((section) => section.getBoundingClientRect().top < innerHeight * 0.4);
    const here = links.get(passed.at(-1)?.id);
    for (const link of links.values()) {
      link.classList.toggle("active", link === here);
      if (link === here) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  };

  const up = document.getElementById("pst-back-to-top");
  let last = 0;
  let asked = false;
  const scrolled = () => {
    asked = false;
    up.style.display = scrollY < last && scrollY > innerHeight ? "block" : "none";
    last = scrollY;
    follow();
  };
  const ask = () => {
    if (!asked) requestAnimationFrame(scrolled);
    asked = true;
  };
  addEventListener("scroll", ask, { passive: true });
  addEventListener("resize", ask, { passive: true });
  up.addEventListener("click", () => scrollTo({ top: 0 }));
  follow();

  // Terminal or Python, on the pages that have the choice; what was chosen is kept for the next page.
  const ways = document.querySelectorAll(".book-way input");
  const show = (way) => {
    for (const input of ways) input.checked = input.value === way;
    for (const block of document.querySelectorAll("details.book-python")) block.open = way === "python";
  };
  const kept = () => {
    try {
      return localStorage.getItem("way");
    } catch {
      return null;
    }
  };
  if (ways.length) {
    for (const input of ways) {
      input.addEventListener("change", () => {
        show(input.value);
        try {
          localStorage.setItem("way", input.value);
        } catch {
          // The browser keeps nothing for this site: the choice holds for this page.
        }
      });
    }
    show(kept() === "python" ? "python" : "terminal");
  }

  // On paper, the Python of a page that shows its commands stays out.
  const folded = () => document.querySelectorAll("main details:not([open], .book-python)");
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...folded()];
    for (const block of opened) block.open = true;
  });
  addEventListener("afterprint", () => {
    for (const block of opened) block.open = false;
    opened = [];
  });

  document.querySelector(".bd-search-container input")?.focus();
  // A file may not read its neighbours: the search then shows titles, and no excerpts.
  if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
})();
