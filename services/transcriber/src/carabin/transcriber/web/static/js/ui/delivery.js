// The ways in which a report leaves the page: the clipboard, a file, the printer, the record system around the page.

import { copyText, download, rich } from "../document/exchange.js";
import { documentReference } from "../embedding/fhir.js";
import { $ } from "./dom.js";
import { toast } from "./status.js";

// `settings` returns the service's, `parent` the page around this one; `failed` is told a code.
export function offerDelivery({ reports, settings, parent, failed }) {
  const copy = async (text, told, options) => {
    try {
      await copyText(text, options);
      toast(told);
      return true;
    } catch {
      failed("clipboard_refused");
      return false;
    }
  };
  const copyReport = async (withLayout) => {
    const report = reports.current;
    if (await copy(report.text, "Le compte rendu est copié.", { withLayout })) report.unsaved = false;
  };
  const fhir = ({ text }) => documentReference({ text, date: new Date(), type: settings().document_type, author: settings().author });

  $("copy").onclick = () => copyReport(false);
  $("copy-rich").onclick = () => copyReport(true);
  $("copy-fhir").onclick = () => copy(JSON.stringify(fhir(reports.current)), "Le document FHIR est copié.");
  $("download").onclick = () => {
    download(reports.current.text, "compte-rendu.txt");
    reports.current.unsaved = false;
  };
  $("print").onclick = () => window.print();
  $("send").onclick = () => {
    const report = reports.current;
    parent().give({ text: report.text, html: rich(report.text), document: fhir(report) });
    report.unsaved = false;
    toast("Le compte rendu est envoyé au dossier.");
  };
}
