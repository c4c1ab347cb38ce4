# SPDX-License-Identifier: MIT
"""The look of a generated dashboard."""

STYLE = """
:root{--bg:#f6f7f9;--card:#fff;--ink:#171a21;--soft:#626b7a;--line:#e3e6eb;--accent:#2b63d9;--good:#157f4f;
--warn:#a35a00;--bad:#c0272d;--band:rgba(43,99,217,.14)}
@media (prefers-color-scheme:dark){:root{--bg:#0f1217;--card:#171b22;--ink:#e8ebf0;--soft:#98a2b3;--line:#2a303a;
--accent:#7aa5ff;--good:#4cc38a;--warn:#f0a848;--bad:#ff7b7f;--band:rgba(122,165,255,.18)}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:14px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:1160px;margin:0 auto;padding:28px 20px 40px}
header{display:flex;justify-content:space-between;align-items:center;gap:16px;margin-bottom:20px}
h1{font-size:22px;line-height:1.25;margin:0;overflow-wrap:anywhere}
h2{font-size:15px;margin:0 0 10px}
.sub,.note,.empty,footer{color:var(--soft)}
.sub{margin:2px 0 0}
.pill{display:inline-block;padding:2px 10px;border-radius:999px;font-size:12px;font-weight:600;
border:1px solid currentColor;color:var(--soft);white-space:nowrap}
.pill.healthy{color:var(--good)}.pill.degraded,.pill.warning{color:var(--warn)}
.pill.unhealthy,.pill.critical{color:var(--bad)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin-bottom:16px}
.tile,figure,.alerts{background:var(--card);border:1px solid var(--line);border-radius:10px}
.tile{padding:12px 14px;display:flex;flex-direction:column}
.label{color:var(--soft);font-size:12px}
.value{font-size:22px;font-weight:650;font-variant-numeric:tabular-nums}
.tile.good .value{color:var(--good)}.tile.warn .value{color:var(--warn)}.tile.bad .value{color:var(--bad)}
.note{font-size:12px}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));gap:12px;margin-bottom:16px}
figure{margin:0;padding:12px 12px 6px}
figcaption{display:flex;justify-content:space-between;gap:12px;margin:0 2px 6px}
figcaption span{color:var(--soft)}figcaption b{font-variant-numeric:tabular-nums}
svg{display:block;width:100%;height:auto}
.grid{stroke:var(--line);stroke-width:1}
.axis{fill:var(--soft);font-size:10.5px}
.line{fill:none;stroke:var(--accent);stroke-width:1.7;stroke-linejoin:round}
.band{fill:var(--band)}
.dot{fill:var(--accent);opacity:.0}.dot:hover{opacity:1}
svg:hover .dot{opacity:.55}
.alerts{padding:14px 16px}.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:7px 14px 7px 0;border-top:1px solid var(--line);vertical-align:top}
th{border:0;color:var(--soft);font-weight:500;font-size:12px}
td:nth-child(n+3){white-space:nowrap;font-variant-numeric:tabular-nums}
footer{margin-top:18px;font-size:12px}
"""
