"""What ties the pages to the code: blocks, outputs, figures, equations, copies."""
