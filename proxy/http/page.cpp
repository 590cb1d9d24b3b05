// See page.hpp. Values reach the page as text nodes only, so a node's error line cannot become markup.
#include "proxy/http/page.hpp"

namespace sengu::proxy {

const std::string_view status_page = R"page(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>sengu</title>
<style>
:root{color-scheme:light dark;--bg:#f6f5f2;--card:#fff;--ink:#22252a;--dim:#6f7680;--line:#e3e1dc;--ok:#1c7c4a;--warn:#a66a00;--bad:#b3261e}
@media(prefers-color-scheme:dark){:root{--bg:#17191d;--card:#202329;--ink:#e6e8eb;--dim:#98a0ab;--line:#30343c;--ok:#5fc48d;--warn:#e3ad4a;--bad:#f0776e}}
*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
header,main{max-width:60rem;margin:0 auto;padding:1rem}header{display:flex;gap:1rem;align-items:baseline}
h1{font-size:1.3rem;margin:0}h2{font-size:1.1rem;margin:0;display:inline}small,.dim{color:var(--dim)}#state{margin-left:auto}
section{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:1rem;margin-bottom:1rem;overflow-x:auto}
.pill{border-radius:1rem;padding:.05rem .6rem;border:1px solid currentColor;font-size:.85rem;margin-left:.6rem}
table{border-collapse:collapse;width:100%;margin:.7rem 0}th{font-weight:500;color:var(--dim);text-align:left}
td,th{padding:.2rem .8rem .2rem 0;border-bottom:1px solid var(--line);white-space:nowrap;font-variant-numeric:tabular-nums}
p{margin:.3rem 0}.ok{color:var(--ok)}.warn{color:var(--warn)}.bad{color:var(--bad)}b{font-weight:600}
</style></head><body>
<header><h1>sengu</h1><span class="dim" id="proxy"></span><small id="state">connecting</small></header>
<main id="groups"></main>
<script>
"use strict";
const $=id=>document.getElementById(id);
function el(tag,text,cls){const e=document.createElement(tag);if(text!==undefined)e.textContent=text;if(cls)e.className=cls;return e}
const colour=w=>({open:"ok",up:"ok",held:"warn",closed:"bad",down:"bad",unusable:"bad"}[w]||"warn");
function ago(now,then){let s=Math.max(0,(Date.parse(now)-Date.parse(then))/1000|0);
 return s<60?s+"s":s<3600?(s/60|0)+"m":s<86400?(s/3600|0)+"h":(s/86400|0)+"d"}
function lag(n){const p=[];if(n.lag_bytes!==null)p.push(n.lag_bytes+" B");if(n.lag_transactions!==null)p.push(n.lag_transactions+" trx");if(n.lag_seconds!==null)p.push(n.lag_seconds.toFixed(1)+" s");return p.join(", ")||"–"}
function group(g,now){const s=el("section");s.append(el("h2",g.name));
 s.append(el("span",g.route.state,"pill "+colour(g.route.state)));
 if(g.paused)s.append(el("span","paused","pill warn"));if(g.tilt)s.append(el("span","tilt","pill bad"));
 if(g.mode!=="auto")s.append(el("span",g.mode,"pill warn"));
 s.append(el("p",g.kind+" · epoch "+g.epoch+" · for "+ago(now,g.route.since)+" · "+g.listen+(g.route.state==="open"?"":" · "+g.route.text),"dim"));
 const t=el("table"),h=el("tr");for(const c of["node","address","role","health","lag","sessions","since"])h.append(el("th",c));t.append(h);
 for(const n of g.nodes){const r=el("tr");const role=el("td");const was=n.health==="down"&&n.role!=="unknown";role.append(el(n.role==="master"&&!was?"b":"span",(was?"was ":"")+n.role+(n.rogue?" (rogue)":"")));
  const f=el("td",n.health,colour(n.health));if(n.text)f.title=n.text;
  r.append(el("td",n.name),el("td",n.address),role,f,el("td",lag(n)),el("td",n.sessions),el("td",ago(now,n.since)));t.append(r)}
 s.append(t);const d=g.if_master_died;
 s.append(el("p",d.held_back?"If the master died now: nothing would be done: "+d.held_back_text+".":d.candidate?"If the master died now: "+d.candidate+" would become master.":"If the master died now: no node could become master.",d.candidate&&!d.held_back?"ok":"bad"));
 for(const r of d.rejected)if(r.reason!=="is_master")s.append(el("p",r.node+" not: "+r.text,"dim"));
 for(const f of g.findings)s.append(el("p",f,"warn"));return s}
async function tick(){try{const r=await fetch("api/v1/groups",{cache:"no-store"});if(!r.ok)throw new Error(r.status);
 const d=await r.json();$("proxy").textContent=d.proxy;$("groups").replaceChildren(...d.groups.map(g=>group(g,d.time)));
 $("state").textContent=new Date(d.time).toLocaleTimeString();$("state").className=""}
 catch(e){$("state").textContent="no answer";$("state").className="bad"}setTimeout(tick,1000)}
tick();
</script></body></html>
)page";

}  // namespace sengu::proxy
