-- {{< cnnviz conv --k 3 --s 2 >}} or {{< cnnviz conv k=3 s=2 >}}: the player on pages and slides, a still in print.

local function words(args, kwargs)
  local options = pandoc.List({})
  for name, value in pairs(kwargs) do
    options:insert((name:match("^%-%-") and "" or "--") .. name .. "=" .. pandoc.utils.stringify(value))
  end
  options:sort() -- Lua keeps no order of names, and the file of a still is named by its words.
  return pandoc.List(args):map(pandoc.utils.stringify) .. options
end

local function run(command)
  local ran, output = pcall(pandoc.pipe, os.getenv("CNNVIZ") or "cnnviz", command, "")
  if not ran then
    -- cnnviz has said what is wrong with its words; a traceback would hide that.
    io.stderr:write("No figure of `cnnviz " .. table.concat(command, " ") .. "`: " .. tostring(output) .. "\n")
    os.exit(1)
  end
  return output
end

local function player(figure)
  local page = run(figure .. { "-o", "-", "--format", "html" })
  local title = page:match("<title>(.-)</title>"):gsub('"', "&quot;")
  page = page:gsub("&", "&amp;"):gsub('"', "&quot;")
  -- Later slides are hidden, but their steps have to be known.
  local loading = quarto.doc.is_format("revealjs") and "" or ' loading="lazy"'
  return pandoc.RawBlock(
    "html",
    '<iframe class="cnnviz" title="' .. title .. '" sandbox="allow-scripts"' .. loading
      .. ' style="width:100%;max-width:960px;aspect-ratio:960/596;border:0" srcdoc="' .. page .. '"></iframe>'
  )
end

local function still(figure)
  local ending = quarto.doc.is_format("latex") and ".pdf" or ".png"
  local name = "cnnviz-" .. pandoc.utils.sha1(table.concat(figure, " ")):sub(1, 12) .. ending
  run(figure .. { "-o", name, "-q", "--width", "1920" })
  local alt = run(pandoc.List({ "describe" }) .. figure):match("alt:%s*(.-)\n") or ""
  -- As fig-alt it stays when the figure gets a caption.
  return pandoc.Para({ pandoc.Image(alt, name, "", { ["fig-alt"] = alt }) })
end

return {
  ["cnnviz"] = function(args, kwargs)
    local figure = words(args, kwargs)
    -- An e-book is HTML too, but its readers run no scripts.
    return quarto.doc.is_format("html:js") and player(figure) or still(figure)
  end,
}
