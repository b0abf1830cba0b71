/* The search page: suggestions, the brush on the histogram, export with progress, cancelling what is still counted. */
"use strict";
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);

  // --- Suggestions: within 100 ms or not at all, in their own line (never over the results), Esc hides, Alt+S switches off.
  const box = $("[data-suggest]");
  const list = $("#suggestions");
  const OFF = "huiying-no-suggestions";
  let asked = 0;

  function wordAt() {
    const end = box.selectionStart;
    const before = box.value.slice(0, end);
    const word = before.match(/[^\s()（）]*$/)[0];
    return { word, start: end - word.length, end };
  }

  async function suggest() {
    const mine = ++asked;
    const { word } = wordAt();
    if (!word || localStorage.getItem(OFF)) { list.replaceChildren(); return; }
    try {
      const answer = await fetch(`${box.dataset.suggest}?word=${encodeURIComponent(word)}`, { signal: AbortSignal.timeout(100) });
      const { suggestions } = await answer.json();
      if (mine === asked) show(suggestions);
    } catch { if (mine === asked) list.replaceChildren(); }
  }

  function show(suggestions) {
    list.replaceChildren(...suggestions.map((s) => {
      const button = document.createElement("button");
      button.type = "button";
      button.setAttribute("role", "option");
      button.textContent = s.put;
      if (s.words) { const small = document.createElement("small"); small.textContent = ` ${s.words}`; button.append(small); }
      button.addEventListener("click", () => {
        const { start, end } = s.whole ? { start: 0, end: box.value.length } : wordAt();
        box.setRangeText(s.put, start, end, "end");
        box.focus();
        list.replaceChildren();
        if (s.put.endsWith(":")) suggest();
      });
      return button;
    }));
  }

  if (box && list) {
    let timer = 0;
    box.addEventListener("input", (event) => {
      clearTimeout(timer);
      if (!event.isComposing) timer = setTimeout(suggest, 120);
    });
    box.addEventListener("compositionend", suggest);
    box.addEventListener("keydown", (event) => {
      if (event.key === "Escape") list.replaceChildren();
      if (event.key === "ArrowDown" && list.firstChild) { event.preventDefault(); list.firstChild.focus(); }
      if (event.altKey && event.key === "s") {
        if (localStorage.getItem(OFF)) localStorage.removeItem(OFF); else localStorage.setItem(OFF, "1");
        list.textContent = localStorage.getItem(OFF) ? "已关闭补全（Alt+S 再开）" : "已开启补全";
      }
    });
    list.addEventListener("keydown", (event) => {
      const at = document.activeElement;
      if (event.key === "ArrowRight") at.nextElementSibling?.focus();
      if (event.key === "ArrowLeft") (at.previousElementSibling || box).focus();
      if (event.key === "Escape") { list.replaceChildren(); box.focus(); }
    });
  }

  $("[data-folded]")?.addEventListener("change", (event) => {
    const address = new URL(location.href);
    if (event.target.checked) address.searchParams.delete("folded"); else address.searchParams.set("folded", "0");
    location.href = address;
  });
  // A chosen stretch and typed days exclude each other.
  $("#f-last")?.addEventListener("change", () => { $("#f-from").value = $("#f-to").value = ""; $("#search-form").requestSubmit(); });
  for (const id of ["#f-from", "#f-to"]) $(id)?.addEventListener("input", () => { $("#f-last").value = ""; });

  // --- Cancelling: hits stay, what is still being counted is dropped.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-cancel]");
    if (!button) return;
    const target = $(button.dataset.cancel);
    window.htmx.trigger(target, "htmx:abort");
    target.textContent = "已取消统计；结果仍在左侧。";
  });

  // --- The brush: drag over bars, or arrows with Shift; what is chosen is said, and opened.
  let from = null;
  const bars = () => [...document.querySelectorAll("[data-brush] a")];

  function mark(a, b) {
    const [low, high] = a < b ? [a, b] : [b, a];
    const all = bars();
    let count = 0;
    all.forEach((bar, n) => {
      const inside = n >= low && n <= high;
      bar.classList.toggle("brushed", inside);
      if (inside) count += Number(bar.dataset.count);
    });
    $("#brushed").textContent = `${all[low].dataset.first} 至 ${all[high].dataset.last}：${count} 条`;
    return [all[low].dataset.first, all[high].dataset.last];
  }

  function open([first, last]) {
    const address = new URL($("[data-brush]").dataset.brush, location.href);
    for (const name of ["last", "page"]) address.searchParams.delete(name);
    address.searchParams.set("from", first);
    address.searchParams.set("to", last);
    location.href = address;
  }

  const barAt = (event) => {
    const brush = $("[data-brush]").getBoundingClientRect();
    const all = bars();
    return Math.max(0, Math.min(all.length - 1, Math.floor((event.clientX - brush.left) / brush.width * all.length)));
  };
  document.addEventListener("pointerdown", (event) => { if (event.target.closest("[data-brush]")) { from = barAt(event); event.preventDefault(); } });
  document.addEventListener("pointermove", (event) => { if (from !== null) mark(from, barAt(event)); });
  document.addEventListener("pointerup", (event) => {
    if (from === null) return;
    const chosen = mark(from, barAt(event));
    from = null;
    open(chosen);
  });

  let key = null;
  document.addEventListener("keydown", (event) => {
    const brush = event.target.closest?.("[data-brush]");
    if (!brush) return;
    const all = bars();
    key ??= { anchor: all.length - 1, at: all.length - 1 };
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
      key.at = Math.max(0, Math.min(all.length - 1, key.at + (event.key === "ArrowLeft" ? -1 : 1)));
      if (!event.shiftKey) key.anchor = key.at;
      mark(key.anchor, key.at);
      event.preventDefault();
    } else if (event.key === "Enter" && event.target === brush) { open(mark(key.anchor, key.at)); event.preventDefault(); }
  });

  // --- Export: the file is read as it comes, so that its progress is seen and it can be stopped.
  document.addEventListener("click", async (event) => {
    const link = event.target.closest("[data-export] a[download]");
    if (!link) return;
    event.preventDefault();
    const progress = $("#export-progress");
    const stop = new AbortController();
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "停止";
    button.addEventListener("click", () => stop.abort());
    const words = document.createElement("span");
    progress.replaceChildren(words, button);
    const rows = !link.href.includes("format=xlsx");
    const wanted = Number(link.closest("[data-export]").dataset.export);
    try {
      const answer = await fetch(link.href, { signal: stop.signal });
      if (!answer.ok) throw new Error(await answer.text());
      const parts = [];
      let bytes = 0;
      let lines = 0;
      for (const reader = answer.body.getReader(); ;) {
        const { done, value } = await reader.read();
        if (done) break;
        parts.push(value);
        bytes += value.length;
        if (rows) for (const byte of value) if (byte === 10) lines += 1;
        words.textContent = `已收到 ${(bytes / 1048576).toFixed(1)} MB${rows ? `，约 ${Math.min(lines, wanted)} / ${wanted} 条` : `，共 ${wanted} 条`} `;
      }
      const name = decodeURIComponent(answer.headers.get("Content-Disposition").split("''")[1]);
      const file = document.createElement("a");
      file.href = URL.createObjectURL(new Blob(parts, { type: answer.headers.get("Content-Type") }));
      file.download = name;
      file.click();
      setTimeout(() => URL.revokeObjectURL(file.href), 60000);
      progress.textContent = `已导出 ${name}（${(bytes / 1048576).toFixed(1)} MB）`;
    } catch (error) {
      progress.textContent = stop.signal.aborted ? "已停止，没有保存文件" : `没有导出成功：${error.message || "连接中断"}，请重试`;
    }
  });
})();
