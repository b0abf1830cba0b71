/* The console's only script: the server's clock, countdowns, polling with 304, staleness, keys, sound, copying. */
"use strict";
(() => {
  const body = document.body;
  const $ = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const two = (n) => String(n).padStart(2, "0");

  // --- The server's clock. performance.now() is used, never Date: a wrong clock in the office PC changes nothing.
  let serverMs = Number(body.dataset.now) || Date.now();
  let speed = Number(body.dataset.speed) || 1;
  let mark = performance.now();
  let lastAnswer = performance.now();
  const now = () => serverMs + (performance.now() - mark) * speed;

  function setClock(xhr) {
    const given = Number(xhr.getResponseHeader("X-Now"));
    if (!given) return;
    serverMs = given;
    speed = Number(xhr.getResponseHeader("X-Speed")) || 1;
    mark = performance.now();
  }

  const beijing = new Intl.DateTimeFormat("zh-CN", {
    timeZone: "Asia/Shanghai", hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit",
    hour: "2-digit", minute: "2-digit", second: "2-digit",
  });
  const parts = (ms) => Object.fromEntries(beijing.formatToParts(ms).map((p) => [p.type, p.value]));
  const clockText = (ms) => { const p = parts(ms); return `${p.hour}:${p.minute}:${p.second}`; };

  // --- Countdowns. The states are those of sla/engine.py: open, near, missed.
  const STATES = {
    open: ["进行中", "ring", "剩余"],
    near: ["临近截止", "triangle", "剩余"],
    missed: ["已超时", "square", "已超"],
  };

  function digits(ms) {
    const seconds = Math.floor(Math.abs(ms) / 1000);
    return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  }

  function put(element, text) {
    if (element && element.textContent !== text) element.textContent = text;
  }

  function tickClock(element, at) {
    const left = Number(element.dataset.due) - at;
    const state = left <= 0 ? "missed" : at >= Number(element.dataset.near) ? "near" : "open";
    const [word, shape, label] = STATES[state];
    if (element.dataset.state !== state) {
      element.dataset.state = state;
      element.classList.remove("open", "near", "missed");
      element.classList.add(state);
      const use = $(".clock-state use, .wall-state use, :scope > .icon use", element);
      if (use) use.setAttribute("href", `${body.dataset.icons}#${shape}`);
      put($(".clock-word", element), word);
    }
    put($(".clock-label", element), label);
    put($(".clock-digits", element), digits(left));
  }

  function ago(ms) {
    const minutes = Math.floor(Math.abs(ms) / 60000);
    if (minutes < 1) return ms < 0 ? "即将" : "刚刚";
    const size = minutes < 60 ? `${minutes} 分钟` : minutes < 48 * 60 ? `${Math.floor(minutes / 60)} 小时` : `${Math.floor(minutes / 1440)} 天`;
    return size + (ms < 0 ? "后" : "前");
  }

  function tick() {
    const at = now();
    for (const element of all("[data-due]")) tickClock(element, at);
    for (const element of all("time.when")) element.dataset.ago = ago(at - Number(element.dataset.ms));
    for (const element of all("[data-until]")) {
      const left = Number(element.dataset.until) - at;
      element.dataset.left = left > 0 ? `${digits(left)} ${element.dataset.untilWord || "后上报"}` : "已到时，待引擎处理";
    }
    if ($("#now-clock")) {
      const p = parts(at);
      put($("#now-clock"), `${p.hour}:${p.minute}:${p.second}`);
      put($("#now-date"), `${p.year}年${p.month}月${p.day}日`);
    }
    watchConnection();
  }

  // --- Stale: on every page that polls, two missed answers turn the page visibly old.
  const STALE_AFTER = 8000;
  const polls = all("[data-live]").length > 0;
  let signedOut = "";

  function watchConnection() {
    if (!polls) return;
    const stale = signedOut !== "" || performance.now() - lastAnswer > STALE_AFTER;
    if (stale === body.classList.contains("is-stale") && !signedOut) return;
    body.classList.toggle("is-stale", stale);
    const bar = $("#stale");
    bar.hidden = !stale;
    if (!stale) return;
    const frozen = clockText(serverMs);
    put(bar, signedOut
      ? `${signedOut}。数据停在 ${frozen}`
      : `已断开，数据停在 ${frozen}。倒计时为本机推算，正在重新连接…`);
  }

  // --- htmx: send the ETag of what is shown; unchanged is 304 and nothing is swapped.
  const live = (element) => (element && element.matches && element.matches("[data-live]") ? element : null);
  let kept = null;

  body.addEventListener("htmx:configRequest", (event) => {
    const element = live(event.detail.elt);
    if (element && element.dataset.etag) event.detail.headers["If-None-Match"] = element.dataset.etag;
  });

  body.addEventListener("htmx:afterRequest", (event) => {
    const xhr = event.detail.xhr;
    if (!xhr || !xhr.status) return;
    if (xhr.status === 401) { signedOut = xhr.responseText || "登录已失效，请重新登录"; watchConnection(); return; }
    if (xhr.status === 304 || (xhr.status >= 200 && xhr.status < 300)) {
      lastAnswer = performance.now();
      signedOut = "";
      setClock(xhr);
      tick();
    } else if (!live(event.detail.elt)) {
      say(xhr.status === 403 ? "您的角色不能办理此事，或页面打开太久，请刷新" : `没有办成（${xhr.status}），请重试`, "bad");
    }
  });
  body.addEventListener("htmx:sendError", (event) => { if (!live(event.detail.elt)) say("连不上服务器，没有办成", "bad"); });

  body.addEventListener("htmx:beforeSwap", (event) => {
    if (!live(event.detail.target)) return;
    kept = {
      row: (selected() || {}).dataset?.row,
      open: all("details[open]").map(detailsKey),
      focus: document.activeElement && document.activeElement.closest("[data-live]")
        ? document.activeElement.closest("[data-row]")?.dataset.row : null,
    };
  });

  body.addEventListener("htmx:afterSwap", (event) => {
    const element = live(event.detail.target);
    if (!element) return;
    const etag = event.detail.xhr && event.detail.xhr.getResponseHeader("ETag");
    if (etag) element.dataset.etag = etag;
  });

  body.addEventListener("htmx:afterSettle", (event) => {
    if (!kept) return;
    const { row, open, focus } = kept;
    kept = null;
    for (const details of all("details")) if (open.includes(detailsKey(details))) details.open = true;
    const again = row && $(`[data-row="${row}"]`);
    if (again) select(again, focus === row);
    tick();
    countCalls();
  });

  function detailsKey(details) {
    const near = details.closest("[id]");
    return `${near ? near.id : ""}/${$("summary", details).textContent.replace(/\s+/g, " ").trim()}`;
  }

  // --- What was done, said once.
  let toastTimer = 0;
  function say(text, mood = "good") {
    const toast = $("#toast");
    toast.textContent = text;
    toast.className = `shown ${mood}`;
    clearTimeout(toastTimer);
    toastTimer = setTimeout(() => { toast.className = ""; toast.textContent = ""; }, 8000);
  }
  body.addEventListener("say", (event) => say(event.detail.text, event.detail.mood));

  // --- Title, badge and sound follow the number of alerts nobody has acknowledged.
  const plainTitle = document.title;
  const MARKS = { 特别重大: "⬣", 重大: "▲", 较大: "◆", 一般: "●" };
  let calling = 0;

  function countCalls() {
    const desk = $("[data-calling]");
    const badge = $("#inbox-badge");
    calling = desk ? Number(desk.dataset.calling) : badge && !badge.hidden ? Number(badge.textContent) : 0;
    document.title = calling ? `${(desk && MARKS[desk.dataset.top]) || ""}(${calling}) ${plainTitle}` : plainTitle;
    if (desk && badge) { badge.textContent = calling; badge.hidden = calling === 0; }
    if (calling) ring();
  }

  let audio = null;
  let lastRing = -Infinity;
  function ring(force = false) {
    if (!audio || (!force && performance.now() - lastRing < 12000)) return;
    lastRing = performance.now();
    for (const [n, pitch] of [880, 660, 880].entries()) {
      const tone = audio.createOscillator();
      const loudness = audio.createGain();
      const start = audio.currentTime + n * 0.28;
      tone.frequency.value = pitch;
      loudness.gain.setValueAtTime(0.25, start);
      loudness.gain.exponentialRampToValueAtTime(0.001, start + 0.25);
      tone.connect(loudness).connect(audio.destination);
      tone.start(start);
      tone.stop(start + 0.26);
    }
  }

  const soundButton = $("#sound");
  if (soundButton) {
    soundButton.addEventListener("click", () => {
      if (audio) { audio.close(); audio = null; } else { audio = new AudioContext(); ring(true); }
      soundButton.setAttribute("aria-pressed", String(Boolean(audio)));
      put($("span", soundButton), audio ? "声音已开" : "开启声音");
      $("use", soundButton).setAttribute("href", `${body.dataset.icons}#${audio ? "sound-on" : "sound-off"}`);
    });
    setInterval(() => { if (calling) ring(); }, 1000); // until acknowledged, here or elsewhere
  }

  // --- Rows and keys.
  const rows = () => all("[data-row]").filter((row) => row.offsetParent !== null);
  const selected = () => $("[data-row].selected");

  function select(row, focus = true) {
    for (const other of all("[data-row].selected")) other.classList.remove("selected");
    if (!row) return;
    row.classList.add("selected");
    if (focus) { row.focus({ preventScroll: true }); row.scrollIntoView({ block: "nearest" }); }
  }

  function step(by) {
    const list = rows();
    const at = list.indexOf(selected());
    select(list[Math.max(0, Math.min(list.length - 1, at < 0 ? 0 : at + by))]);
  }

  const go = (path) => () => { location.href = path; };
  const sheet = $("#keys");
  // The sheet is printed from this table: what it says is what the keys do.
  const KEYS = [
    ["j", "下一行", () => step(1)],
    ["k", "上一行", () => step(-1)],
    ["Enter", "打开所选行", () => $("[data-open]", selected() || undefined)?.click(), () => selected() && document.activeElement === selected()],
    ["o", "打开所选行", () => $("[data-open]", selected() || undefined)?.click(), selected],
    ["a", "确认收到（所选告警；未选则第一条）", () => ($("[data-ack]", selected() || undefined) || $("[data-ack]"))?.click()],
    ["/", "检索", () => { const box = $("[data-search]"); if (box) box.focus(); else go("/search/")(); }],
    ["g d", "去值班台", go("/")],
    ["g w", "去倒计时", go("/wall/")],
    ["g e", "去事件", go("/events/")],
    ["g s", "去检索", go("/search/")],
    ["g t", "去专题", go("/topics/")],
    ["g l", "去发布台账", go("/ledger/")],
    ["g r", "去值班表", go("/rota/")],
    ["g x", "去信源", go("/sources/")],
    ["?", "快捷键", () => openSheet()],
    ["Escape", "关闭、取消选择", () => { if (sheet.open) sheet.close(); else select(null); }],
  ];

  function openSheet() {
    const table = $("#keys-table");
    if (!table.rows.length) for (const [key, word] of KEYS) {
      const row = table.insertRow();
      const box = document.createElement("kbd");
      box.textContent = key === "Escape" ? "Esc" : key;
      row.insertCell().append(box);
      row.insertCell().textContent = word;
    }
    if (!sheet.open) sheet.showModal();
  }
  $("#keys-open")?.addEventListener("click", openSheet);

  let prefix = "";
  let prefixTimer = 0;
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229 || event.ctrlKey || event.altKey || event.metaKey) return;
    const field = event.target.closest("input, textarea, select, [contenteditable]");
    if (field) { if (event.key === "Escape") field.blur(); return; }
    const pressed = prefix ? `${prefix} ${event.key}` : event.key;
    clearTimeout(prefixTimer);
    prefix = "";
    if (pressed === "g") { prefix = "g"; prefixTimer = setTimeout(() => { prefix = ""; }, 1500); return; }
    const found = KEYS.find(([key, , , when]) => key === pressed && (!when || when()));
    if (found) { event.preventDefault(); found[2](); }
  });
  document.addEventListener("click", (event) => {
    const row = event.target.closest("[data-row]");
    if (row && !event.target.closest("a, button, input, summary")) select(row, false);
  });

  // --- Copying works over plain http too, where the clipboard API does not exist.
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const text = document.getElementById(button.dataset.copy).textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const box = document.createElement("textarea");
      box.value = text;
      body.append(box);
      box.select();
      document.execCommand("copy");
      box.remove();
    }
    say("已复制");
  });

  // A second press of a submit button is the same as one.
  document.addEventListener("submit", (event) => {
    if (event.target.hasAttribute("hx-post") || event.target.method !== "post") return;
    if (event.target.dataset.sent) { event.preventDefault(); return; }
    event.target.dataset.sent = "1";
  });
  window.addEventListener("pageshow", () => { for (const form of all("form")) delete form.dataset.sent; });

  tick();
  countCalls();
  setInterval(tick, 250);
})();
